"""Where customers came from, as HubSpot counts it: the values of `hs_analytics_source` and their labels.

HubSpot's documentation of the property lists ten values; what is none of them is one channel, so that CAC and
spend by channel have names that do not change with what somebody imported.
"""

from __future__ import annotations

PROPERTY = "hs_analytics_source"
#: Labels in HubSpot's screens and exports, lower case with signs as spaces → value.
LABELS = {
    "organic search": "ORGANIC_SEARCH",
    "paid search": "PAID_SEARCH",
    "email marketing": "EMAIL_MARKETING",
    "organic social": "SOCIAL_MEDIA",
    "social media": "SOCIAL_MEDIA",
    "referrals": "REFERRALS",
    "other campaigns": "OTHER_CAMPAIGNS",
    "direct traffic": "DIRECT_TRAFFIC",
    "offline sources": "OFFLINE",
    "paid social": "PAID_SOCIAL",
    "ai referrals": "AI_REFERRALS",
}
VALUES = frozenset(LABELS.values())
#: The channel of every value that is not listed.
OTHER = "other"
