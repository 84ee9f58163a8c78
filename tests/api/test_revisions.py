"""The history of the configuration: who changed what, and back."""

from tests.api.serving import Site, camera

CAMERAS, REVISIONS = "/api/v1/cameras", "/api/v1/config/revisions"


async def test_each_change_is_shown_and_can_be_undone(site: Site) -> None:
    admin = await site.session()
    await site.call("POST", CAMERAS, camera(password="hush"), **admin)
    await site.call("PATCH", f"{CAMERAS}/front", {"name": "Back", "source": {"password": "louder"}}, **admin)
    await site.call("DELETE", f"{CAMERAS}/front", **admin)
    listed = (await site.call("GET", REVISIONS, **admin)).json
    assert listed["current"] == 3
    assert [(r["revision"], r["actor"], r["records"]) for r in listed["revisions"]] == [
        (number, "administrator", ["front"]) for number in (3, 2, 1)
    ]
    changed = (await site.call("GET", f"{REVISIONS}/2", **admin)).json["changes"]
    assert changed == [
        {"record": "front", "field": "name", "before": "Front", "after": "Back"},
        {"record": "front", "field": "source.password", "before": "•••", "after": "•••"},
    ]
    assert (await site.call("POST", f"{REVISIONS}/1/restore", **admin)).json == {"revision": 4}
    back = (await site.call("GET", f"{CAMERAS}/front", **admin)).json
    assert (back["name"], back["revision"], back["source"]["has_password"]) == ("Front", 4, True)


async def test_a_restored_camera_is_guarded_by_its_new_revision(site: Site) -> None:
    admin = await site.token()
    await site.call("POST", CAMERAS, camera(), **admin)
    await site.call("PATCH", f"{CAMERAS}/front", {"name": "Back"}, **admin)
    await site.call("POST", f"{REVISIONS}/1/restore", **admin)
    stale = await site.call("PATCH", f"{CAMERAS}/front", {"name": "x"}, **admin, If_Match='"2"')
    assert (stale.status, stale.code) == (412, "changed-meanwhile")
    assert (await site.call("PATCH", f"{CAMERAS}/front", {"name": "x"}, **admin, If_Match='"3"')).status == 200


async def test_the_id_of_a_camera_that_was_undone_stays_taken(site: Site) -> None:
    admin = await site.token()
    await site.call("POST", CAMERAS, camera(), **admin)
    await site.call("POST", f"{REVISIONS}/0/restore", **admin)
    assert (await site.call("GET", CAMERAS, **admin)).json == {"cameras": []}
    assert (await site.call("POST", CAMERAS, camera(), **admin)).json["id"] == "front-2"


async def test_a_camera_that_came_back_is_not_mistaken_for_what_it_was(site: Site) -> None:
    admin = await site.token()
    await site.call("POST", CAMERAS, camera(), **admin)
    await site.call("DELETE", f"{CAMERAS}/front", **admin)
    await site.call("POST", f"{REVISIONS}/1/restore", **admin)
    await site.call("POST", CAMERAS, camera("Yard"), **admin)
    assert (await site.call("GET", f"{CAMERAS}/front", **admin)).json["revision"] == 3
