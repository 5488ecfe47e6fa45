"""Every door of the web process."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from api.docs import api_docs
from api.metrics import MetricsView
from api.push import push
from trafficmgr.status import healthz, readyz

# The admin has no door of its own: whoever opens it has passed the throttle and the second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("api/schema/", SpectacularAPIView.as_view(permission_classes=[], authentication_classes=[]), name="schema"),
    path("api/docs/", api_docs, name="api-docs"),
    path("api/v1/", include("api.urls")),
    path("edge/v1/", include("snapshots.urls")),
    re_path("^push/v1/", push, name="push"),
    path("rum/v1/", include("api.rum_urls")),
    path("admin/", admin.site.urls),
    path("", include("dashboard.account_urls")),
    path("", include("dashboard.urls")),
]
