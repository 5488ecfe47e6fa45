"""What empty lists say of the command line is what the API takes."""

from __future__ import annotations

import json

from dashboard.urls import SECTIONS

ORDER = ("regions", "sites", "nodes", "endpoints", "pools", "checks", "policies", "zones", "channels", "alert-rules")


def test_the_examples_of_all_lists_can_be_sent_one_after_another(api):
    examples = {section.slug: section.example for section in SECTIONS if section.example}
    for slug in (*ORDER, *(slug for slug in examples if slug not in ORDER)):
        answer = api.post(f"/api/v1/{slug}", json.loads(examples[slug]))
        assert answer.status_code == 201, answer.content
