"""The page with a slider, driven in Chromium: at every position it says what the solver says."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest

import looprisk as lr
from looprisk.analysis.clearing import clearing_of
from looprisk.analysis.solve import solve
from looprisk.errors import NotCarriedError
from tests.reports.pages import check_page
from tests.reports.painted import LOOK
from tests.reports.systems import SCENARIOS, study
from tests.reports.test_page import hostile_case

CASES = (
    ("stream-own-token", "loss-93", "loss", "Stream/outside/fund", Fraction(93_000_000)),
    ("three-firms", "default-costs-how-far", "loss", "S", Fraction(460)),
    ("wsteth-loop", "ratio-slips", "price", "wstETH", Fraction(-1)),
    ("cycle", "ten-percent", "price", "BASE", Fraction(-1, 10)),
    ("stream-recourse", "loss-93", "loss", "Stream/outside/fund", Fraction(93_000_000)),
)


@pytest.fixture
def tab(browser):
    context = browser.new_context(viewport={"width": 808, "height": 1700})
    asked = []
    context.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))
    page = context.new_page()
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    yield page
    assert (asked, said) == ([], [])
    context.close()


def positions(name, scenario):
    """Nothing, a third of the axis, the first break, just after it, the end."""
    breaks = study(name, scenario).breaks
    first = next(row for row in breaks.rows if row.fraction)
    shock = breaks.shock
    end = (shock.searched_to - shock.start) / (shock.as_written - shock.start)
    exact = Fraction(first.exact)
    return (Fraction(0), Fraction(end / 3), exact, exact + Fraction(1, 10**7), Fraction(end))


@pytest.mark.parametrize(("name", "scenario", "verb", "target", "size"), CASES)
def test_five_positions_are_what_the_solver_says(tab, name, scenario, verb, target, size):
    found = study(name, scenario)
    text = lr.report(found.what).html(interactive=True)
    check_page(text, scripts=1)
    tab.set_content(text)
    for fraction in positions(name, scenario):
        now = tab.evaluate("f => { show(f); return D.now; }", float(fraction))
        solved = lr.run(found.what.system, **{verb: {target: fraction * size}})
        by_name = {}
        for row in solved.waterfall_rows:
            label = "beyond every claim" if row.kind == "excess" else row.claimant
            by_name[label] = by_name.get(label, 0.0) + row.loss_usd
        near = {"rel": 1e-9, "abs": 1e-9 * float(abs(size) if verb == "loss" else 1e6)}
        names = tab.evaluate("D.rows.map(row => row.n)")
        for label, loss in zip(names, now["rows"], strict=True):
            assert loss == pytest.approx(by_name.pop(label, 0.0), **near), (fraction, label)
        assert all(abs(loss) <= near["abs"] for loss in by_name.values())
        for row in solved.layer_rows:
            assert now["claims"][row.id] == pytest.approx(row.economic_loss_usd, **near)
        assert now["total"] == pytest.approx(solved.shock.loss_usd, **near)
        if any(row.loss_usd > near["abs"] for row in solved.waterfall_rows):
            sentence = solved.headline.split(": ", 1)[1].split(", ")[0]
            if sentence.split(" $")[0] in tab.inner_text("#say"):
                assert sentence in tab.inner_text("#say")


@pytest.mark.parametrize(
    ("name", "scenario"),
    [("delta-neutral", "up-and-back"), ("october-10-books", "and-then-lower")],
)
def test_the_last_of_several_stages_moves(tab, name, scenario):
    found = study(name, scenario)
    tab.set_content(lr.report(found.what).html(interactive=True))
    assert "This is the last stage; the stage before it stands as written." in tab.inner_text(
        "main"
    )
    assert len(tab.query_selector_all("line[data-cur]")) == 1  # there is an axis to move along
    whole = found.solved
    for fraction in (Fraction(0), Fraction(1, 7), Fraction(1, 3), Fraction(4, 5), Fraction(1)):
        now = tab.evaluate("f => { show(f); return D.now; }", float(fraction))
        point = whole.scaled.at(fraction, whole.selection)
        solved = clearing_of(replace(whole, ends=(*whole.ends[:-1], point)))
        rows = {}
        for row in solved.waterfall_rows:
            rows[row.claimant] = rows.get(row.claimant, 0.0) + row.loss_usd
        names = tab.evaluate("D.rows.map(row => row.n)")
        seen = dict.fromkeys(names, 0.0)
        for label, loss in zip(names, now["rows"], strict=True):
            seen[label] += loss
        near = {"rel": 1e-9, "abs": 1e-6}
        assert seen == pytest.approx({key: rows.get(key, 0.0) for key in seen}, **near)
        assert now["total"] == pytest.approx(solved.shock.loss_usd, **near)


def test_the_pictures_move_and_the_page_stays_readable(tab):
    tab.set_content(lr.report(study("stream-own-token", "loss-93").what).html(interactive=True))
    heights = "[...document.querySelectorAll('rect[data-k]')].map(r => +r.getAttribute('height'))"
    cursor = "document.querySelector('line[data-cur]').getAttribute('x1')"
    seen = []
    for button in tab.query_selector_all("[data-go]"):
        button.click()
        seen.append((tab.evaluate(heights), tab.evaluate(cursor)))
        faults = tab.evaluate(LOOK)
        assert [fault for fault in faults if "overlap" not in fault or "Layer" in fault] == []
    assert seen[0][0] == [0] * len(seen[0][0])
    lost = [math.fsum(high) for high, _ in seen]
    assert lost == sorted(lost)
    places = [float(x) for _, x in seen]
    assert places == sorted(places)
    assert places[0] < places[-1]


def test_a_position_is_in_the_address_and_keys_move_it(browser, tmp_path):
    target = tmp_path / "page.html"
    found = study("stream-own-token", "loss-93").what
    target.write_text(lr.report(found).html(interactive=True), "utf-8")
    page = browser.new_page()
    page.goto(f"{target.as_uri()}#loss=250")
    assert page.evaluate("D.now.value") == pytest.approx(250e6)
    assert "$90.7M" in page.inner_text("#say")
    page.focus("#s")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("D.now.value") > 250e6
    assert page.evaluate("location.hash") != "#loss=250"
    page.fill("#n", "93")
    page.keyboard.press("Enter")
    assert page.inner_text("#say") == "xUSD holders lose $45.0M, everybody else $48.0M."
    page.close()


def test_without_script_the_pictures_stand_at_the_shock_as_written(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(lr.report(study("wsteth-loop", "ratio-slips").what).html(interactive=True))
    assert "as written" in page.inner_text("noscript p")
    context.close()


def test_hostile_names_stay_words_while_they_move(tab):
    tab.set_content(lr.report(hostile_case()).html(interactive=True))
    for fraction in (0.0, 0.4, 1.0):
        tab.evaluate("f => show(f)", fraction)
    assert tab.evaluate("document.querySelectorAll('script').length") == 1
    assert tab.evaluate("document.querySelectorAll('img,iframe,foreignObject').length") == 0


def test_what_has_no_straight_axis_is_refused():
    case = lr.load(SCENARIOS / "pooled.yaml")["ether-falls"]
    assert not solve(case).segments
    with pytest.raises(NotCarriedError, match="a shock that bends: leave --interactive out"):
        lr.report(case).html(interactive=True)
