"""The portfolio's words in English."""

from __future__ import annotations

# ruff: noqa: E501 - sentences stay on one line; the letters are meant

EN: dict[str, str] = {
    "metric.customers": "Customers|Have bought and are not lost at the period's end.|customers",
    "metric.customers_won": "Customers won|First purchases in the period.|first purchases",
    "metric.revenue": "Revenue|Amounts of won deals less refunds; each deal counts once.|revenue",
    "metric.profit": "Profit|Profit on won deals, as mapped; each deal counts once.|profit",
    "metric.average_order": "Average order|Revenue by won deal of known amount.|revenue|won deals of known amount",
    "metric.sales_cycle": "Sales cycle|Median of the days from the first record or engagement to the first purchase.",
    "metric.cac": (
        "CAC|Cost of winning a customer: spend of each month by the customers won one sales cycle later. Months "
        "without spend are left out.|spend on acquisition|customers won"
    ),
    "metric.historic_value": (
        "Value so far|Profit so far of the customers won in the period, each.|profit so far|customers won"
    ),
    "metric.clv": (
        "CLV, 12 months|Predicted profit of the coming twelve months of the customers won in the period, each, as "
        "of their last purchase or the last fit.|predicted profit|customers with a prediction"
    ),
    "metric.clv_to_cac": (
        "CLV : CAC|Profit so far and predicted for twelve months of the customers won, by what was spent to win "
        "them.|profit so far and predicted|spend on acquisition"
    ),
    "metric.payback_months": (
        "Payback|Whole months after the month of the first purchase until the mean profit of the customers won "
        "covers their CAC.|profit up to that month|customers old enough"
    ),
    "metric.retention_rate": (
        "Retention|Customers at the period's start who are customers at its end, as sets; to date, of the last complete year, else quarter, else month.|kept|customers at the start"
    ),
    "metric.churn_rate": (
        "Churn|One less retention: customers at the period's start who are none at its end. Who never bought is not counted.|left|customers at the start"
    ),
    "metric.monthly_churn": (
        "Churn, average month|Customers lost in a month, of those at its start, over all months of the period.|lost|customers at the starts of months"
    ),
    "metric.lifespan_months": (
        "Lifespan|Months that a customer stays at this monthly churn: 1 / churn, cut off at {cap} and then marked with ≥.|months of customers|lost"
    ),
    "metric.gross_revenue_retention": (
        "Gross revenue retention|What those who paid in the period before, of equal length, paid again in this one, each counted up to what it had paid before. To date, of the last complete year, else quarter, else month.|paid again, up to the base|base: paid in the period before"
    ),
    "metric.revenue_churn": (
        "Revenue churn|One less gross revenue retention: what those who had paid before did not pay again.|not paid again|base: paid in the period before"
    ),
    "metric.net_revenue_retention": (
        "Net revenue retention|All that those who paid in the period before paid in this one, growth included and new customers left out. Who comes back counts only with reactivation.|paid again|base: paid in the period before"
    ),
    "metric.revenue_lost": (
        "Revenue lost to churn|What the customers lost in the period had brought in the year up to their last "
        "purchase.|revenue of their last year"
    ),
    "metric.return_rate": (
        "Win-back, monthly|Buyers who bought again after having been sleeping or lost, of those sleeping or lost "
        "at the month's start.|came back|sleeping or lost at the start"
    ),
    "metric.nps": (
        "NPS|Share of promoters (9-10) less share of detractors (0-6), in points, of everyone's latest answer in the period; ± is the margin of error at {confidence} %.|promoters less detractors|answers"
    ),
    "metric.csat": (
        "CSAT|Share of satisfied answers: {satisfied_from} or more on the scale from {lowest} to {highest}; of everyone's latest answer in the period.|satisfied answers|answers"
    ),
    "metric.engagement_rate": (
        "Engagement, monthly|Records with an engagement in the month, of all on record at its end."
        "|engaged|on record"
    ),
    "metric.lifecycle_roi": (
        "ROI of lifecycle work, uncontrolled|Profit of the {days} days from each return of a sleeping or lost customer, less the cost of lifecycle work, by that cost. Nobody was left out to compare with: some would have come back anyway.|profit of returns less cost|cost of lifecycle work"
    ),
    "reason.too_few": "Too few to say: {n}, needed {gate}.",
    "reason.undefined": ("Undefined: there is nothing to divide by."),
    "reason.no_spend": "No spend is known. Import a spend table.",
    "reason.no_spend_matched": "No spend is known for the months that these customers belong to.",
    "reason.spend_by_channel": "Spend is known by channel only.",
    "reason.no_prediction": "Too little data for predictions.",
    "reason.no_amounts": "No amounts are known.",
    "reason.not_paid_back": "Not paid back within the months seen.",
    "reason.never": ("Never, as it stands: nothing was earned on these customers so far."),
    "reason.running": (
        "The period is not over: less than all of it would be held against all of the one before."
    ),
    "reason.one_filter": ("Kept for one filter at a time."),
    "reason.off_scale": (
        "More than one in ten answers lie off the declared scale: correct `csat_scale` in the mapping."
    ),
    "reason.tasks_unknown": ("Files do not tell which tasks were made; a portal does."),
    "word.undefined": ("undefined"),
    "word.never": ("never"),
    "reason.not_mapped": "No property is mapped for it.",
    "reason.never_seen": "None is on record in this portal.",
    "reason.no_cost": "No cost is known: add rows of the channel `lifecycle` to the spend table.",
    "reason.cost_of_all": "The cost is known for everyone together only.",
    "loss.quality": "Quality",
    "loss.service": "Service",
    "loss.price": "Price",
    "loss.changed_needs": "Changed needs",
    "loss.weak_communication": "Weak communication",
    "loss.other": "Other",
    "loss.unknown": "Unknown",
    "title": "Portfolio",
    "to_date": "everything to date",
    "running": "the running month is not over",
    "scope.all": "all customers",
    "scope.channel": "channel {name}",
    "scope.segment": "segment {name}",
    "scope.cohort": "customers won in {name}",
    "unknown_channel": "unknown",
    "figures": "Figures",
    "figures_head": "Metric|Value|Numerator|Denominator|n|What it is",
    "over_time": "Month by month",
    "over_time_note": "The running month is drawn lighter: it is not over.",
    "kept": ("Kept, left and paid again"),
    "kept_period_note": (
        "Retention counts who of the start is there at the end. (E − N) / S is the usual formula beside it: it differs where customers come back, or come and go within the period. Revenue is that of the customers who had paid in the period before."
    ),
    "kept_head": (
        "Period|Start (S)|Kept|New (N)|End (E)|Retention|(E − N) / S|Base|Revenue before|Gross retention|Net|Net, with reactivation"
    ),
    "left_out": ("Left out of all sums of money: {deals}."),
    "left_out.currency": ("{deals} won deals in {currency} without a value in the portal's currency"),
    "left_out.unknown": ("{deals} won deals of unknown amount"),
    "funnel": "How far customers come",
    "funnel_note": "Customers who came to each stage or beyond; beside it the share that went on, and the median time.",
    "went_on": "{share} went on, median {days} days",
    "went_on_unknown": "{share} went on",
    "moves": "Changes of stage",
    "moves_note": "Most frequent first; how long the stage left had lasted, as a median of all such changes.",
    "moves_head": "From|To|Times|Median days",
    "cohorts": "Retention by cohort",
    "cohorts_note": (
        "Rows: month of the first purchase. Columns: months since. Share of the cohort that bought in that month."
    ),
    "kept_note": "Share of the cohort not lost at that month's end.",
    "losses": "Reasons of loss",
    "losses_head": "Reason|Customers lost|Revenue of their last year|Deals lost|Amount of these deals",
    "channels": "Channels",
    "channels_note": (
        "Spend is matched with the customers won one sales cycle later: {days} days at the median, {months} months."
    ),
    "channels_head": "Channel|Customers won|Spend|CAC|Value so far|CLV, 12 months|CLV : CAC|Payback, months",
    "cac_months": "CAC by channel and month",
    "cac_months_note": "CAC, and below it spend / customers won, each customer with the spend of one sales cycle before.",
    "gates": "A dash is a figure withheld: point at it for the reason.",
    "customers": "customers",
    "none": "None.",
}
