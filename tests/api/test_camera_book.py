"""The rules of the camera book, whatever the order of events, with kills in between."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from appliance.api.camera_book import CameraBook, CameraId, merged, same_place
from appliance.api.camera_views import CameraPatch, NewCamera, SourcePatch
from appliance.cameras.model import Camera, Source
from appliance.core.config import ConfigStore

URL = "rtsp://192.0.2.1/x"


class Book(RuleBasedStateMachine):
    """Add, change, remove, undo and restart: an id means one camera for ever, and nothing is lost."""

    cameras = Bundle("cameras")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.given_out: list[str] = []
        self.expected: dict[str, str] = {}
        self.history: list[dict[str, str]] = [{}]
        self.open()

    def open(self) -> None:
        self.store = ConfigStore(Path(self.folder.name))
        self.table = self.store.table("cameras", Camera)
        self.book = CameraBook(self.table, self.store.table("camera-ids", CameraId), lambda _: False)

    def changed(self) -> None:
        self.history.append(dict(self.expected))

    @rule(target=cameras, name=st.sampled_from(["Front", "front", "Yard", "入口", "x" * 40]))
    def add(self, name: str) -> str:
        camera = self.book.add(NewCamera(name=name, source=Source(url=URL)), actor="a")
        assert camera.id not in self.given_out
        self.given_out.append(camera.id)
        self.expected[camera.id] = name
        self.changed()
        return camera.id

    @rule(camera_id=cameras, name=st.sampled_from(["Back", "Gate"]))
    def rename(self, camera_id: str, name: str) -> None:
        if camera_id in self.expected:
            revision = self.book.revision_of(camera_id)
            self.book.patch(camera_id, CameraPatch(name=name), actor="a", expected=revision)
            if self.expected[camera_id] != name:
                self.expected[camera_id] = name
                self.changed()
                assert self.book.revision_of(camera_id) > revision

    @rule(camera_id=cameras)
    def remove(self, camera_id: str) -> None:
        if camera_id in self.expected:
            self.book.delete(camera_id, actor="a", expected=None)
            del self.expected[camera_id]
            self.changed()

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        revision = data.draw(st.integers(0, len(self.history) - 1))
        before = self.table.revision
        self.table.restore(revision, actor="a")
        self.expected = dict(self.history[revision])
        if self.table.revision != before:
            self.changed()

    @rule()
    def restart(self) -> None:
        revisions = {one: self.book.revision_of(one) for one in self.expected}
        self.store.close()
        self.open()
        assert {one: self.book.revision_of(one) for one in self.expected} == revisions

    @invariant()
    def everything_is_there(self) -> None:
        assert {camera.id: camera.name for camera in self.table.all()} == self.expected
        assert self.table.revision == len(self.history) - 1

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


Book.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
TestBook = Book.TestCase


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # the cases of RFC 7396, appendix A, that have objects on both sides
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merging_is_that_of_the_rfc(target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    before = repr(target)
    assert merged(target, patch) == result
    assert repr(target) == before


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("rtsp://a/x", "rtsp://A:554/y?z", True),
        ("rtsp://a/x", "rtsps://a/x", False),
        ("http://a/x", "https://a/x", False),
        ("rtsp://a:1/x", "rtsp://a:2/x", False),
        ("rtsp://a/x", "rtsp://a.example/x", False),
        ("file:a.mkv", "file:a.mkv", True),
        ("file:a.mkv", "rtsp://a/x", False),
    ],
)
def test_a_place_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_place(one, other) is same


def test_a_patch_of_nothing_makes_no_revision(tmp_path: Path) -> None:
    with ConfigStore(tmp_path) as store:
        table = store.table("cameras", Camera)
        book = CameraBook(table, store.table("camera-ids", CameraId), lambda _: False)
        camera = book.add(NewCamera(name="Front", source=Source(url=URL)), actor="a")
        same = CameraPatch(name="Front", source=SourcePatch(url=URL))
        assert book.patch(camera.id, same, actor="a", expected=None) == camera
        assert table.revision == 1
