"""The properties a new HubSpot portal has, for the four object types: the ones named in HubSpot's docs."""

from __future__ import annotations

from typing import Any

from plugin.sandbox.definitions import Property, options_from_json

LIFECYCLE_STAGES = (
    "subscriber=Subscriber;lead=Lead;marketingqualifiedlead=Marketing Qualified Lead;"
    "salesqualifiedlead=Sales Qualified Lead;opportunity=Opportunity;customer=Customer;"
    "evangelist=Evangelist;other=Other"
)
_SOURCES = (
    "ORGANIC_SEARCH=Organic Search;PAID_SEARCH=Paid Search;EMAIL_MARKETING=Email Marketing;"
    "SOCIAL_MEDIA=Organic Social;REFERRALS=Referrals;OTHER_CAMPAIGNS=Other Campaigns;"
    "DIRECT_TRAFFIC=Direct Traffic;OFFLINE=Offline Sources;PAID_SOCIAL=Paid Social;AI_REFERRALS=AI Referrals"
)
_NPS = ";".join(f"{n}={n}" for n in range(11))
_LEAD_STATUS = (
    "NEW=New;OPEN=Open;IN_PROGRESS=In Progress;OPEN_DEAL=Open Deal;UNQUALIFIED=Unqualified;"
    "ATTEMPTED_TO_CONTACT=Attempted to Contact;CONNECTED=Connected;BAD_TIMING=Bad Timing"
)
# One property a line: name | label | type | field type, "!" when only HubSpot writes it, "*" when unique,
# "~" when its options live elsewhere | group | options.
_EVERY = """
hs_object_id|Record ID|number|number!|information
hs_merged_object_ids|Merged record IDs|string|text!|information
hubspot_owner_id|Owner|enumeration|select~|information
hs_created_by_user_id|Created by user ID|number|number!|information
"""
_PERSON = f"""
createdate|Create Date|datetime|date!|information
lifecyclestage|Lifecycle Stage|enumeration|radio|information|{LIFECYCLE_STAGES}
hs_lead_status|Lead Status|enumeration|radio|information|{_LEAD_STATUS}
phone|Phone Number|string|phonenumber|information
city|City|string|text|information
state|State/Region|string|text|information
country|Country/Region|string|text|information
zip|Postal Code|string|text|information
address|Street Address|string|text|information
website|Website URL|string|text|information
hs_analytics_source|Original Traffic Source|enumeration|select|analyticsinformation|{_SOURCES}
hs_analytics_num_visits|Number of Sessions|number|number|analyticsinformation
num_conversion_events|Number of Form Submissions|number|number|conversioninformation
recent_conversion_date|Recent Conversion Date|datetime|date|conversioninformation
notes_last_contacted|Last Contacted|datetime|date|information
notes_last_updated|Last Activity Date|datetime|date|information
hs_last_sales_activity_timestamp|Last Engagement Date|datetime|date|information
num_associated_deals|Number of Associated Deals|number|number!|information
"""
_CONTACT = f"""
lastmodifieddate|Last Modified Date|datetime|date!|information
email|Email|string|text*|information
firstname|First Name|string|text|information
lastname|Last Name|string|text|information
company|Company Name|string|text|information
jobtitle|Job Title|string|text|information
mobilephone|Mobile Phone Number|string|phonenumber|information
associatedcompanyid|Primary Associated Company ID|number|number!|information
hs_additional_emails|Additional email addresses|string|textarea!|information
hs_calculated_merged_vids|Merged vids with timestamps|string|text!|information
hs_analytics_last_visit_timestamp|Time of Last Session|datetime|date|analyticsinformation
hs_email_last_open_date|Last marketing email open date|datetime|date|emailinformation
hs_email_last_click_date|Last marketing email click date|datetime|date|emailinformation
hs_email_last_reply_date|Last marketing email reply date|datetime|date|emailinformation
hs_email_optout|Unsubscribed from all email|bool|booleancheckbox|emailinformation
hs_email_open|Marketing emails opened|number|number|emailinformation
hs_email_click|Marketing emails clicked|number|number|emailinformation
hs_feedback_last_nps_rating|Last NPS survey rating|enumeration|radio|information|{_NPS}
hs_feedback_last_nps_follow_up|Last NPS survey comment|string|textarea|information
hs_language|Preferred language|enumeration|select|information|en=English;ru=Russian;pl=Polish;de=German
birthday|Birthday|date|date|information
"""
_COMPANY = """
hs_lastmodifieddate|Last Modified Date|datetime|date!|information
name|Company name|string|text|information
domain|Company Domain Name|string|text|information
industry|Industry|string|text|information
numberofemployees|Number of Employees|number|number|information
annualrevenue|Annual Revenue|number|number|information
hs_parent_company_id|Parent Company|number|number|information
num_associated_contacts|Number of Associated Contacts|number|number!|information
hs_num_open_deals|Number of open deals|number|number!|information
"""
_DEAL = """
createdate|Create Date|datetime|date|information
hs_lastmodifieddate|Last Modified Date|datetime|date!|information
dealname|Deal Name|string|text|information
dealstage|Deal Stage|enumeration|radio~|information
pipeline|Pipeline|enumeration|select~|information
amount|Amount|number|number|information
closedate|Close Date|datetime|date|information
dealtype|Deal Type|enumeration|radio|information|newbusiness=New Business;existingbusiness=Existing Business
deal_currency_code|Currency|enumeration|select~|information
amount_in_home_currency|Amount in company currency|number|number!|information
hs_is_closed|Is Deal Closed?|bool|calculation_equation!|information
hs_is_closed_won|Is Closed Won|bool|calculation_equation!|information
hs_deal_stage_probability|Deal probability|number|number!|information
closed_lost_reason|Closed Lost Reason|string|textarea|information
closed_won_reason|Closed Won Reason|string|textarea|information
hs_arr|Annual recurring revenue|number|number|information
hs_mrr|Monthly recurring revenue|number|number|information
hs_acv|Annual contract value|number|number|information
hs_tcv|Total contract value|number|number|information
description|Deal Description|string|textarea|information
hs_priority|Priority|enumeration|select|information|low=Low;medium=Medium;high=High
num_associated_contacts|Number of Associated Contacts|number|number!|information
hs_analytics_source|Original Traffic Source|enumeration|select!|analyticsinformation|{sources}
""".replace("{sources}", _SOURCES)
_TASK = """
hs_createdate|Create date|datetime|date!|information
hs_lastmodifieddate|Last modified date|datetime|date!|information
hs_timestamp|Due date|datetime|date|information
hs_task_subject|Task Title|string|text|information
hs_task_body|Task Notes|string|html|information
hs_task_status|Task Status|enumeration|select|information|NOT_STARTED=Not started;IN_PROGRESS=In progress;\
WAITING=Waiting;DEFERRED=Deferred;COMPLETED=Completed
hs_task_priority|Priority|enumeration|select|information|NONE=None;LOW=Low;MEDIUM=Medium;HIGH=High
hs_task_type|Task Type|enumeration|select|information|EMAIL=Email;CALL=Call;TODO=To-do
hs_task_completion_date|Completed at|datetime|date!|information
"""
_BY_KIND = {
    "contact": _EVERY + _PERSON + _CONTACT,
    "company": _EVERY + _PERSON + _COMPANY,
    "deal": _EVERY + _DEAL,
    "task": _EVERY + _TASK,
}


def options(text: str) -> list[dict[str, Any]]:
    """Options from `value=Label;value=Label`."""
    pairs = (item.split("=", 1) for item in text.split(";") if item)
    return options_from_json([{"value": value, "label": label} for value, label in pairs])


def default_properties(kind: str) -> list[Property]:
    """The properties that HubSpot itself defines for `kind`."""
    return [_property(kind, line) for line in _BY_KIND[kind].splitlines() if line]


def default_groups(kind: str) -> list[dict[str, Any]]:
    """The property groups that HubSpot itself defines for `kind`."""
    names = list(dict.fromkeys(prop.group for prop in default_properties(kind)))
    return [
        {"name": name, "label": name.replace("information", " information").strip().capitalize(),
         "displayOrder": place, "archived": False}
        for place, name in enumerate(names)
    ]  # fmt: skip


def _property(kind: str, line: str) -> Property:
    name, label, type_name, field_type, group, *listed = line.split("|")
    marks = field_type[len(field_type.rstrip("!*~")) :]
    return Property(
        name=name,
        label=label,
        type=type_name,
        field_type=field_type.rstrip("!*~"),
        group=f"{kind}information" if group == "information" else group,
        options=options(listed[0]) if listed else [],
        read_only="!" in marks,
        hubspot_defined=True,
        unique="*" in marks,
        external_options="~" in marks,
    )
