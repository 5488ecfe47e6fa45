"""Django settings: wiring only. What differs between installations comes from trafficmgr.environment."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

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
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
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
    "dashboard.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dashboard.middleware.SessionSeenMiddleware",
    "dashboard.middleware.SecondFactorMiddleware",
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
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_RESET_TIMEOUT = 3600
SESSION_COOKIE_AGE = round(ENVIRONMENT.session_hours * 3600)

ACCOUNT_ADAPTER = "accounts.login.adapter.SignInAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.login.forms.SignInForm",
    "change_password": "accounts.login.forms.NewPasswordForm",
    "set_password": "accounts.login.forms.FirstPasswordForm",
    "reauthenticate": "accounts.login.forms.ConfirmingPasswordForm",
    "reset_password": "accounts.login.forms.ForgottenPasswordForm",
    "reset_password_from_key": "accounts.login.forms.ResetForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # addresses are an administrator's or the provider's word
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[trafficmgr] "
ACCOUNT_EMAIL_NOTIFICATIONS = ENVIRONMENT.mail_server is not None
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = False  # accounts.login.throttle counts in Postgres, for all web processes together
SOCIALACCOUNT_ADAPTER = "accounts.login.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
MFA_ADAPTER = "accounts.login.second_factor.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.login.forms.CodeForm",
    "reauthenticate": "accounts.login.forms.ConfirmingCodeForm",
    "activate_totp": "accounts.login.forms.FirstCodeForm",
    "add_webauthn": "accounts.login.forms.PasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_TOLERANCE = 1  # the clock of a phone may be half a minute off
MFA_RATE_LIMITS = False
REQUIRE_SECOND_FACTOR = ENVIRONMENT.require_second_factor

OIDC_ISSUER = ENVIRONMENT.oidc_issuer
OIDC_NAME = ENVIRONMENT.oidc_name
OIDC_SIGNUP = ENVIRONMENT.oidc_signup
OIDC_GROUPS_CLAIM = ENVIRONMENT.oidc_groups_claim
OIDC_TEAMS = ENVIRONMENT.oidc_teams
# Accounts are known by who vouches for them: another issuer may call someone else by the same subject.
SINGLE_SIGN_ON_ID = f"sso-{hashlib.sha256(OIDC_ISSUER.encode()).hexdigest()[:16]}"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": SINGLE_SIGN_ON_ID,
                "name": OIDC_NAME,
                "client_id": ENVIRONMENT.oidc_client_id,
                "secret": ENVIRONMENT.oidc_secret,
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

PUBLIC_URL = ENVIRONMENT.public_url
IS_HTTPS = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [f"{url.scheme}://{url.netloc}" for url in [urlsplit(PUBLIC_URL)] if url.netloc]
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
# What machines call is not led elsewhere: who has sent a secret in the clear has sent it.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$", r"^(api|edge|push|rum)/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # of trusted proxies: TrustedProxyMiddleware
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # the preload list of browsers is for the owner of a domain to ask for
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
        "api.examples.with_examples",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ChangeStateEnum": "changes.models.State",
        "AlarmKindEnum": "healthchecks.guard_models.Alarm.Kind",
        "ForcedStateEnum": "healthchecks.guard_models.ForcedState.State",
        "HealthStateEnum": "healthchecks.models.STATE_CHOICES",
        "ChannelKindEnum": "healthchecks.alerts.models.ChannelKind",
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
    "accounts: forget sign-ins": {
        "task": "accounts.tasks.forget_sign_ins",
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
