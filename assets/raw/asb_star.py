"""Raw stage of asb_star: Outcomes Star readings of clients of the ASB Victim Champion.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_asb_star = raw_asset("asb_star")
