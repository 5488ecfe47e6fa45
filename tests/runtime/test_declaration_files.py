"""Files of `trafficmgr plan` and `apply`, put together as one declaration."""

from __future__ import annotations

import pytest

from trafficmgr.client.declarations import DeclarationError, read_declaration

REGIONS = "owner: shop\nregions:\n  - {name: eu, latitude: 50.1, longitude: 8.7}\n"


@pytest.fixture
def file(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def refused(*paths, **said):
    with pytest.raises(DeclarationError) as caught:
        read_declaration(paths, **said)
    return str(caught.value)


def test_yaml_toml_and_json_say_the_same(file):
    yaml = file("a.yaml", REGIONS)
    toml = file("a.toml", 'owner = "shop"\n[[regions]]\nname = "eu"\nlatitude = 50.1\nlongitude = 8.7\n')
    json = file("a.json", '{"owner": "shop", "regions": [{"name": "eu", "latitude": 50.1, "longitude": 8.7}]}')

    assert read_declaration([yaml]) == read_declaration([toml]) == read_declaration([json])


def test_the_files_of_a_directory_are_one_declaration(file, tmp_path):
    file("deep/a.yaml", REGIONS)
    file("b.toml", '[[pools]]\nname = "p"\n')
    file("notes.txt", "nothing of this")

    found = read_declaration([tmp_path])
    assert (found.owner, sorted(found.documents)) == ("shop", ["pools", "regions"])


def test_the_owner_is_said_once(file):
    one, other, none = file("a.yaml", REGIONS), file("b.yaml", "owner: blog\n"), file("c.yaml", "pools: []\n")

    assert "several owners: blog" in refused(one, other)
    assert "several owners" in refused(one, owner="blog")
    assert "owner" in refused(none)
    assert read_declaration([none], owner="blog").owner == "blog"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "regions: [", "a.yaml"),
        ("a.yaml", "regions: []\nregions: []\n", "regions is said twice"),
        ("a.yaml", "- 1\n", "lists by kind"),
        ("a.yaml", "regions: {name: eu}\n", "regions is a list"),
        ("a.yaml", "!!python/object/apply:os.system [true]", "a.yaml"),
        ("a.toml", "regions = [", "a.toml"),
        ("a.json", "{", "a.json"),
        ("a.ini", "", "ends in none of"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(file, name, text, said):
    assert said in refused(file(name, text), owner="shop")


def test_what_looks_like_a_date_is_a_text(file):
    assert read_declaration([file("a.yaml", "pools: [{name: 2026-01-01}]")], "x").documents["pools"] == [
        {"name": "2026-01-01"}
    ]
