"""Raw stage of asb_case: cases referred to the ASB Victim Champion.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_asb_case = raw_asset("asb_case")
