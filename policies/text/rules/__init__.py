"""The rules that find personal information in plain Chinese text, one subject a file.

Each rule yields spans with a reason and a score, and sees plain text only (`policies/text/plain_text.py`). It may
import `policies/text` and nothing above it. Begin reading with `run.py`, which runs all rules over a batch; then
`numbers.py`, `people.py` and `places.py`.
"""
