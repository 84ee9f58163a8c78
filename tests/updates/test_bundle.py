"""What is taken for an update, and why the rest is refused. RAUC itself makes the bundles and checks signatures."""

import threading
from pathlib import Path

import pytest

from appliance.core.errors import ProblemError
from appliance.updates.bundle import Bundle, inspect
from appliance.updates.payload import CancelledCheck, check_payload
from tests.updates.bundles import COMPATIBLE, Keys, Workshop, changed, cut, unsigned


async def refusal(workshop: Workshop, path: Path) -> str:
    """The code it is refused with, by its form, its signature or its payload."""
    with pytest.raises(ProblemError) as caught:
        whole(path, await inspect(path, workshop.configuration))
    assert caught.value.title and caught.value.remedy
    return caught.value.code


def whole(path: Path, bundle: Bundle) -> list[int]:
    told: list[int] = []
    check_payload(path, bundle, threading.Event(), told.append)
    return told


async def test_a_good_one_says_what_it_is(workshop: Workshop) -> None:
    path = workshop.bundle("1.3.0")
    bundle = await inspect(path, workshop.configuration)
    assert (bundle.version, bundle.compatible) == ("1.3.0", COMPATIBLE)
    assert whole(path, bundle)[-1] == 100


async def test_a_larger_one_has_a_higher_tree(workshop: Workshop) -> None:
    path = workshop.bundle("1.3.0", kib=3000)
    bundle = await inspect(path, workshop.configuration)
    assert bundle.tree_bytes > 16384
    whole(path, bundle)


@pytest.mark.parametrize("left", [0.0005, 0.1, 0.5, 0.98])
async def test_a_truncated_one(workshop: Workshop, tmp_path: Path, left: float) -> None:
    bundle = workshop.bundle()
    short = cut(bundle, int(bundle.stat().st_size * left), tmp_path / "short.raucb")
    assert await refusal(workshop, short) == "bundle-truncated"


@pytest.mark.parametrize("missing", [1, 8, 9, 500, 1500])
async def test_one_whose_last_bytes_are_missing(workshop: Workshop, tmp_path: Path, missing: int) -> None:
    bundle = workshop.bundle()
    short = cut(bundle, bundle.stat().st_size - missing, tmp_path / "short.raucb")
    assert await refusal(workshop, short) in ("bundle-truncated", "bundle-tampered")


async def test_a_byte_of_the_payload_was_changed(workshop: Workshop, tmp_path: Path) -> None:
    assert await refusal(workshop, changed(workshop.bundle(), 200_000, tmp_path / "x.raucb")) == "bundle-tampered"


async def test_a_byte_of_the_hash_tree_was_changed(workshop: Workshop, tmp_path: Path) -> None:
    bundle = await inspect(workshop.bundle(), workshop.configuration)
    at = bundle.payload_bytes + bundle.tree_bytes - 1
    assert await refusal(workshop, changed(workshop.bundle(), at, tmp_path / "x.raucb")) == "bundle-tampered"


async def test_a_byte_of_the_manifest_was_changed(workshop: Workshop, tmp_path: Path) -> None:
    at = workshop.bundle().read_bytes().rindex(b"version=1.3.0") + 8
    assert await refusal(workshop, changed(workshop.bundle(), at, tmp_path / "x.raucb")) == "bundle-tampered"


async def test_a_byte_of_the_signature_was_changed(workshop: Workshop, tmp_path: Path) -> None:
    assert await refusal(workshop, changed(workshop.bundle(), -40, tmp_path / "x.raucb")) == "bundle-tampered"


async def test_an_unsigned_one(workshop: Workshop, tmp_path: Path) -> None:
    assert await refusal(workshop, unsigned(tmp_path)) == "bundle-unsigned"


async def test_one_signed_by_somebody_else(workshop: Workshop, tmp_path: Path) -> None:
    stranger = Keys.make(tmp_path / "stranger")
    assert await refusal(workshop, workshop.bundle(keys=stranger)) == "bundle-foreign"


async def test_one_signed_with_a_certificate_for_something_else(workshop: Workshop, tmp_path: Path) -> None:
    mail = workshop.keys.other_purpose(tmp_path / "mail", "emailProtection")
    assert await refusal(workshop, workshop.bundle(keys=mail)) == "bundle-foreign"


@pytest.mark.parametrize("content", [b"", b"hs", b"hsqs", b"PK\x03\x04" + bytes(9000), bytes(100_000)])
async def test_something_else(workshop: Workshop, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.raucb").write_bytes(content)
    assert await refusal(workshop, tmp_path / "x.raucb") in ("not-a-bundle", "bundle-truncated")


async def test_a_look_at_the_payload_can_be_stopped(workshop: Workshop) -> None:
    bundle, stopped = await inspect(workshop.bundle(), workshop.configuration), threading.Event()
    stopped.set()
    with pytest.raises(CancelledCheck):
        check_payload(workshop.bundle(), bundle, stopped, lambda percent: None)


async def test_without_rauc_it_is_said(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert await refusal(workshop, workshop.bundle()) == "not-installed"
