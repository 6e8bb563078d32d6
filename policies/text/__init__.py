"""Nothing of what is read here leaves the machine.

Chinese free text: what in it is personal, said as spans, and how a text is shown without them.
"""

import os

# onnxruntime keeps an identifier of the machine and sends usage to its maker, from its import on, unless told not to.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
