"""Raw stage of asb_survey: answers of people who left the service.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_asb_survey = raw_asset("asb_survey")
