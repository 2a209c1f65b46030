"""The paper's findings in words, each with our value and whether it holds."""

from alpine_models.published import mlp_statements

from .figures import Results, find, table

__all__ = ["mlp_findings"]

SLIGHTLY = 0.1
"""What counts as slightly or minimal: within a tenth."""


def mlp_findings(results: Results) -> str:
    """Return a Markdown table: their value, ours per software style, holds or not, why."""
    said = mlp_statements()
    rows: list[list[str]] = []
    for software in ("released", "tuned"):
        time = {
            case: float(find(results, system="high-power", case=case, software=software)["time_s"])
            for case in "1234"
        }
        synchronised = {
            case: find(results, system="high-power", case=case, software=software)["breakdown"].get(
                "synchronisation", 0.0
            )
            for case in "34"
        }
        for case, name in (("3", "case1_vs_case3_runtime"), ("4", "case1_vs_case4_runtime")):
            theirs = float(said[name])
            ours = 1 - time["1"] / time[case]
            rows.append(
                [
                    f"case 1 runs {theirs:.0%} shorter than case {case}",
                    software,
                    f"{ours:+.0%}",
                    "holds" if ours > 0 else "does not hold",
                    f"case {case} is a pipeline over {2 * (int(case) - 2)} cores; without an "
                    f"operating system synchronisation is {synchronised[case]:.1%} of their time",
                ]
            )
        ours = time["2"] / time["1"] - 1
        rows.append(
            [
                "case 1 is slightly better than case 2",
                software,
                f"{ours:+.1%}",
                "holds" if 0 < ours < SLIGHTLY else "does not hold",
                "case 2 waits for one 100 ns product more per inference; case 1 pays one further "
                "step to drain its pipeline",
            ]
        )
        process = find(results, system="high-power", case="1", software=software)["breakdown"][
            "analog process"
        ]
        rows.append(
            [
                "a product ten times slower has minimal impact",
                software,
                f"{9 * process:+.0%}",
                "holds" if 9 * process < SLIGHTLY else "does not hold",
                f"the product is {process:.1%} of case 1's time; nine more of them are added",
            ]
        )
    return table(["paper", "software", "ours", "", "why, as far as the runs show it"], rows)
