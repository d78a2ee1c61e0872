"""Raw stage of hate_report: reports of hate crime and hate incidents made to the council and to third-party reporting centres.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_hate_report = raw_asset("hate_report")
