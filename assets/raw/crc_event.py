"""Raw stage of crc_event: recalls, breaches, revocations and other ends of licences.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_crc_event = raw_asset("crc_event")
