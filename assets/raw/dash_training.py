"""Raw stage of dash_training: bookings and attendances of DASH courses, with the answers of those who attended.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_dash_training = raw_asset("dash_training")
