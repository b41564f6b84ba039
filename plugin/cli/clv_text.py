"""What `lifecycle clv fit` prints for people."""

from __future__ import annotations

from typing import Any


def fit_text(found: dict[str, Any]) -> str:
    """Model, parameters, spend and findings, a line each."""
    lines = [f"model           {found['model'] or 'none: see the findings'}"]
    lines += [f"  {name:<13} {value:.6g}" for name, value in found["params"].items()]
    if found["log_likelihood"] is not None:
        lines.append(f"log-likelihood  {found['log_likelihood']:.4f}")
    lines.append(f"customers       {found['customers']:,} ({found['fitted_customers']:,} fitted)")
    if found.get("retention"):
        lines.append(f"left            {found['left']:,}")
        shares = ", ".join(f"{share:.1%}" for share in found["retention"][:6])
        lines.append(f"renew           {shares} … of those there before {found['period']} 1, 2, …")
    spend = found["gamma_gamma"]
    if spend:
        lines.append(f"spend           Gamma-Gamma, {spend['customers']:,} repeat customers")
        lines += [f"  {name:<13} {spend[name]:.6g}" for name in ("p", "q", "gamma")]
        if spend["log_likelihood"] is not None:
            lines.append(f"  log-likelihood {spend['log_likelihood']:.4f}")
    for finding in found["findings"]:
        count = f" ({finding['count']:,})" if "count" in finding else ""
        lines.append(f"note            {finding['message']}{count}")
    return "\n".join(lines) + "\n"
