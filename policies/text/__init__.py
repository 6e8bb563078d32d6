"""Personal information in Chinese free text: how it is found, kept as spans, and masked.

Lives here: plain text (`plain_text.py`), the model (`tagger.py`, `model/`), spans (`spans.py`), the mask `text`
(`masked_text.py`), word lists, scores, and the rules in `rules/`. Nothing that is read here leaves the machine. It may
import `schema` and no other file of `policies`; Presidio is in `policies/detect.py`. Begin reading with `spans.py`,
then `policies/detect.py`.
"""

import os

# onnxruntime keeps an identifier of the machine and sends usage to its maker, from its import on, unless told not to.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
