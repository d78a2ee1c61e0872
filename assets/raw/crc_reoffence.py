"""Raw stage of crc_reoffence: offences of people of the cohort that led to a conviction or a caution.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_crc_reoffence = raw_asset("crc_reoffence")
