"""The edge feed, under `/edge/v1/`."""

from __future__ import annotations

from django.urls import path

from snapshots import feed, trust_feed

urlpatterns = [
    path("manifest", feed.manifest, name="feed-manifest"),
    path("chunks", feed.chunks, name="feed-chunks"),
    path("chunks/<str:digest>", feed.chunk, name="feed-chunk"),
    path("enrol", trust_feed.enrol, name="feed-enrol"),
    path("trust", trust_feed.trust, name="feed-trust"),
    path("latency", feed.latency, name="feed-latency"),
    path("events", feed.events, name="feed-events"),
    path("report", feed.report, name="feed-report"),
]
