"""Promise: the command line does from a shell what the API does, and says what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

GERMANY = "91.0.0.0/24"
ZONE = """\
$ORIGIN cli.test.
$TTL 300
@ IN SOA ns1 hostmaster ( 1 7200 3600 1209600 300 )
  IN NS ns1
ns1 A 192.0.2.53
www A 192.0.2.1
"""


def run(system, *arguments: str, text: str = "", **variables: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `trafficmgr ARGUMENT…`."""
    command = [sys.executable, "-m", "trafficmgr", *arguments]
    environment = system.environment | {"COLUMNS": "200"} | variables
    done = subprocess.run(command, env=environment, input=text, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_zone_goes_in_and_comes_out(system):
    assert run(system, "zone", "import", "-", text=ZONE) == (0, "imported cli.test.\n", "")
    code, exported, _ = run(system, "zone", "export", "cli.test.")

    assert code == 0
    assert run(system, "zone", "import", "-", "--origin", "cli.test", text=exported)[0] == 0
    assert run(system, "zone", "export", "cli.test")[1] == exported
    origins = [zone["origin"] for zone in json.loads(run(system, "zone", "list", "--output", "json")[1])]
    assert {"cli.test.", "demo.test."} <= set(origins)
    assert "cli.test." in run(system, "zone", "list")[1]


def test_an_error_in_a_zone_file_is_told_with_its_line(system):
    code, _, errors = run(system, "zone", "import", "-", text=ZONE + "bad IN A 192.0.2.300\n")

    assert code == 1
    assert errors.startswith("trafficmgr: Bad Request\n  line 7: ")
    assert "Traceback" not in errors


def test_simulate_says_whom_a_change_would_move_and_makes_none(system):
    steps = json.dumps([{"kind": "healthy"}, {"kind": "distance"}, {"kind": "first", "count": 1}])
    before = run(system, "simulate", "www", "--samples", "2000", "--output", "json")[1]
    code, printed, errors = run(system, "simulate", "www", "--steps", "-", "--samples", "2000", text=steps)
    assert (code, errors) == (0, "")
    assert "www.demo.test. A, policy www" in printed
    assert "of the queries would move" in printed
    assert "Nobody would lose an answer" in printed
    assert json.loads(before)["moved"] == 0
    assert json.loads(run(system, "simulate", "www", "--samples", "2000", "--output", "json")[1])["moved"] == 0


def test_simulate_says_what_is_wrong_with_the_steps(system):
    code, _, errors = run(system, "simulate", "www", "--steps", "-", text="[")
    assert (code, "is not JSON" in errors) == (2, True)
    code, _, errors = run(system, "simulate", "www", "--steps", "-", text='[{"kind": "geo"}]')
    assert (code, "steps.0.default" in errors) == (1, True)


def test_explain_shows_every_step_and_why_an_endpoint_was_dropped(system):
    arguments = ["explain", "www.demo.test", "A", "--client", "198.51.100.53", "--ecs", GERMANY]
    code, table, _ = run(system, *arguments)

    assert code == 0
    assert table.startswith(f"www.demo.test. A from 198.51.100.53 for {GERMANY} (EU DE)")
    assert "Policy www" in table
    (sin_1,) = [line for line in table.splitlines() if "sin-1" in line and "dropped" in line]
    assert sin_1.split()[1] == "dropped"
    assert table.rstrip().splitlines()[-1].split()[-2] == "A"
    explanation = json.loads(run(system, *arguments, "--output", "json")[1])
    assert explanation["client"]["country"] == "DE"


def test_a_field_that_is_refused_is_named(system):
    code, _, errors = run(system, "explain", "www.demo.test", "A", "--client", "somewhere")

    assert code == 1
    assert "client: " in errors


def test_status_shows_generation_health_and_edges(system):
    code, table, _ = run(system, "status")

    assert code == 0
    assert table.startswith("generation ")
    assert "local" in table
    assert json.loads(run(system, "status", "--output", "json")[1])["generation"] >= 1


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "complaint"),
    [
        (["zone", "import", "no-such-file"], {}, 2, "No such file"),
        (["explain", "www.demo.test"], {}, 2, "Missing option '--client'"),
        (["conquer"], {}, 2, "No such command 'conquer'"),
        (["status"], {"TRAFFICMGR_TOKEN": "wrong"}, 1, "trafficmgr: Unauthorized"),
        (["status"], {"TRAFFICMGR_URL": "http://127.0.0.1:1"}, 1, "TRAFFICMGR_URL says where"),
        (["status"], {"TRAFFICMGR_URL": "nowhere"}, 1, "TRAFFICMGR_URL: 'nowhere' is no http:// or https:// URL"),
        (["status"], {"TRAFFICMGR_HOME": "/nonexistent"}, 1, "TRAFFICMGR_TOKEN is not set"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_message(system, arguments, variables, code, complaint):
    done, output, errors = run(system, *arguments, **variables)

    assert (done, output) == (code, "")
    assert complaint in errors
    assert "Traceback" not in errors


def test_a_model_version_is_proposed_and_listed_and_not_promoted_before_the_gate_has_decided(system):
    assert run(system, "model", "propose", "steady", "-", "--note", "fewer moves", text='{"caution": 0.5}')[0] == 0
    code, _, errors = run(system, "model", "propose", "steady-2", "-", text='{"courage": 1}')
    assert code == 1
    assert "parameters.courage: There is no such parameter" in errors

    versions = {each["name"]: each for each in json.loads(run(system, "model", "list", "--output", "json")[1])}
    assert versions["steady"]["parameters"]["caution"] == 0.5
    assert "steady-2" not in versions
    assert "fewer moves" in run(system, "model", "list")[1]
    code, _, errors = run(system, "model", "promote", "built-in")
    assert (code, "in service already" in errors) == (1, True)


def test_an_endpoint_is_drained_and_served_again(system):
    code, printed, errors = run(system, "drain", "sin-2", "--reason", "new disks", "--for", "2h", "--output", "json")
    assert (code, errors) == (0, "")
    [forced] = json.loads(printed)
    assert (forced["endpoint"], forced["state"], forced["reason"]) == ("sin-2", "drain", "new disks")
    assert "new disks" in run(system, "drain")[1]
    assert "new disks" in run(system, "status")[1]

    assert run(system, "drain", "sin-2", "--end")[:2] == (0, "nothing is forced of sin-2 any more\n")
    assert run(system, "drain", "sin-2", "--end")[0] == 1
    assert run(system, "drain", "sin-2")[0] == 2, "without a reason"
    assert run(system, "drain", "sin-2", "--reason", "why", "--for", "soon")[0] == 2
