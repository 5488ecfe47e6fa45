"""Whose word an edge takes: keys, what they sign, and how one set of them follows another (docs/security.md).

    pin (enrolment) ──► trust 1 ──signed by a key of 1──► trust 2 ──signed by a key of 2──► trust 3
                           │ publish keys                     │ break-glass keys
                           ▼                                  ▼
                        manifests                           orders

Everything signed begins with a line that says what it is, so that a signature of one kind never passes for another.
The control plane writes with these modules what edges read with them.
"""
