"""Raw stage of crc_licence: licences of people released from short sentences, in the whole area of the CRC.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_crc_licence = raw_asset("crc_licence")
