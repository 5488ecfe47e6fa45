"""Django settings: wiring only. What differs between installations comes from trafficmgr.environment."""

from __future__ import annotations

from pathlib import Path

from trafficmgr.database import database
from trafficmgr.environment import environment

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = environment()

SECRET_KEY = ENVIRONMENT.require_secret_key()
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ENVIRONMENT.hosts

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "accounts.audit",
    "regions",
    "zones",
    "healthchecks",
    "healthchecks.alerts",
    "healthchecks.history",
    "telemetry",
    "steering",
    "latency",
    "snapshots",
    "changes",
    "dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.middleware.ContentSecurityPolicyMiddleware",
]

ROOT_URLCONF = "trafficmgr.urls"
ASGI_APPLICATION = "trafficmgr.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.drafting",
                "dashboard.teams.teams",
            ],
        },
    },
]

DATABASES = {"default": database(ENVIRONMENT.require_database_url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 2**20  # a zone file of 1,000,000 records

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "api.permissions.MayAct"],
    "DEFAULT_PAGINATION_CLASS": "api.paging.NamePagination",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.SearchFilter",
    ],
    "DEFAULT_SCHEMA_CLASS": "api.schema.ProblemSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "EXCEPTION_HANDLER": "api.problems.handle_exception",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "trafficmgr",
    "DESCRIPTION": "Declare regions, endpoints, zones and steering policies; read health, traffic and explanations.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["api.schema.without_final_slash"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.rum_schema.with_measurements",
        "api.push_schema.with_heartbeats",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ChangeStateEnum": "changes.models.State",
        "AlarmKindEnum": "healthchecks.guard_models.Alarm.Kind",
        "ForcedStateEnum": "healthchecks.guard_models.ForcedState.State",
        "HealthStateEnum": "healthchecks.models.STATE_CHOICES",
        "DeliveryStateEnum": "healthchecks.alerts.models.DeliveryState",
    },
}

MAIL_SERVER = ENVIRONMENT.mail_server
EMAIL_HOST = MAIL_SERVER.host if MAIL_SERVER else ""
EMAIL_PORT = MAIL_SERVER.port if MAIL_SERVER else 25
EMAIL_HOST_USER = MAIL_SERVER.user if MAIL_SERVER else ""
EMAIL_HOST_PASSWORD = MAIL_SERVER.password if MAIL_SERVER else ""
EMAIL_USE_TLS = bool(MAIL_SERVER and MAIL_SERVER.starttls)
EMAIL_USE_SSL = bool(MAIL_SERVER and MAIL_SERVER.tls)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENVIRONMENT.mail_from

PROBE_PRIVATE_ADDRESSES = ENVIRONMENT.probe_private
PROBES_PER_ADDRESS = ENVIRONMENT.probes_per_address
TRUSTED_PROXIES = ENVIRONMENT.trusted_proxies
API_REQUESTS_PER_S = ENVIRONMENT.api_requests_per_s
TOKEN_MAX_DAYS = ENVIRONMENT.token_max_days
RUM_SHARE = ENVIRONMENT.rum_share
MAX_DELETED_PERCENT = ENVIRONMENT.max_deleted_percent
MAX_MOVED_PERCENT = ENVIRONMENT.max_moved_percent
CAPACITY_MOVED = ENVIRONMENT.capacity_moved
CAPACITY_COST_MS = ENVIRONMENT.capacity_cost_ms
RUM_STREAM = ENVIRONMENT.rum_stream
VANTAGE_PREFIXES = [str(network.network_address) for network in ENVIRONMENT.vantage_networks]

CELERY_BROKER_URL = ENVIRONMENT.require_broker_url()
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A write that asks for a publication does not wait for a broker that is gone: what is lost is made up for by beat.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "socket_connect_timeout": 2,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULER = "trafficmgr.scheduler:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "snapshots: publish what no request came for": {
        "task": "snapshots.tasks.publish",
        "schedule": 2.0,
        "options": {"expires": 10.0},
    },
    "snapshots: refresh flattened names": {
        "task": "snapshots.tasks.refresh_flattened_names",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "snapshots: learn latency": {
        "task": "snapshots.tasks.learn_latency",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "latency: check parity": {
        "task": "latency.tasks.check_parity",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "latency: judge models": {
        "task": "latency.tasks.judge_models",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "latency: watch": {"task": "latency.tasks.watch", "schedule": 300.0, "options": {"expires": 300.0}},
    "snapshots: plan capacity": {
        "task": "snapshots.tasks.plan_capacity",
        "schedule": 60.0,
        "options": {"expires": 30.0},
    },
    "latency: report fairness": {
        "task": "latency.tasks.report_fairness",
        "schedule": 600.0,
        "options": {"expires": 300.0},
    },
    "changes: publish what is due": {
        "task": "changes.tasks.publish_due",
        "schedule": 1.0,
        "options": {"expires": 5.0},
    },
    "snapshots: prune": {"task": "snapshots.tasks.prune", "schedule": 600.0, "options": {"expires": 600.0}},
    "steering: forget shadows": {
        "task": "steering.tasks.forget_shadows",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
    "accounts: forget requests": {
        "task": "accounts.tasks.forget_requests",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
    "telemetry: forget": {"task": "telemetry.tasks.forget", "schedule": 600.0, "options": {"expires": 600.0}},
    "telemetry: forget beacons": {
        "task": "telemetry.tasks.forget_beacons",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # Four ticks a second: that each was received and has succeeded is not worth a line.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace")},
}
