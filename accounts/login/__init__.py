"""Who signs in, and how: what this installation wants of django-allauth.

password ──► throttle ─┬─► second factor, if the account has one ──► session ──► pages, API
passkey ───────────────┼───────────────────────────────────────────►    │
OpenID Connect ────────┘ (state, nonce, signature, audience)            └──► listed, seen, ended

The pages are the dashboard's; here is what they ask.
"""
