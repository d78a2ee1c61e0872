"""Raw stage of hate_survey: answers of people who reported hate.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_hate_survey = raw_asset("hate_survey")
