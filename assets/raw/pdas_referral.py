"""Raw stage of pdas_referral: referrals received by the domestic abuse service.

Here: one thin asset. Registers what was delivered and archives it; changes nothing (`registration.py`).
"""

from assets.raw.partner import raw_asset

raw_pdas_referral = raw_asset("pdas_referral")
