import csv
import io


def test_sweep_shows_one_row_for_each_value(cli, fund):
    done = cli("sweep", "fund.yaml::small", "--vary", "Fund/outside/strategies=$9M..$11M:3")
    assert done.code == 0
    assert done.out.startswith("fund::small: 4 rows, the first as given")
    assert "certified: 4 of 4 rows" in done.out


def test_csv_has_figures_in_full(cli, fund):
    words = ("--measure", "fUSD loss_usd", "--format", "csv")
    done = cli("sweep", "fund.yaml::small", "--vary", "shock=0..1:3", *words)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [float(row["shock"]) for row in rows] == [1, 0, 0.5, 1]
    assert [float(row["fUSD loss_usd"]) for row in rows] == [3e6, 0, 1.5e6, 3e6]


def test_a_sweep_asks_one_scenario(cli, fund):
    done = cli("sweep", fund, "--vary", "shock=0..1:3")
    assert done.code == 2
    assert "has 2 scenarios, and a sweep asks one" in done.err


def test_a_row_without_an_answer_is_told_by_the_exit_code(cli, fund):
    done = cli("sweep", "fund.yaml::small", "--vary", "Fund/pays=[debts, fUSD],unknown")
    assert done.code == 4
    assert "no answer" in done.out


def test_values_are_typed_as_path_and_values(cli, fund):
    for words in (("shock",), ("shock=",), ("=1",)):
        done = cli("sweep", "fund.yaml::small", "--vary", *words)
        assert done.code == 2
        assert "this is not PATH=VALUES" in done.err
    done = cli("sweep", "fund.yaml::small", "--vary", "shock=0..1:3", "--vary", "shock=1")
    assert done.code == 2
    assert "given twice" in done.err


def test_limit_shows_what_is_now_and_what_would_hold(cli, fund):
    keep = "of: lUSD, metric: loss_usd, is: $0"
    done = cli("limit", "fund.yaml::large", "Fund/outside/strategies", "--keep", keep)
    assert done.code == 0
    assert "Fund/outside/strategies may be at least $11M" in done.out
    assert "certified:" in done.out


def test_limit_tells_what_is_no_expectation(cli, fund):
    done = cli("limit", "fund.yaml::large", "Fund/outside/strategies", "--keep", "of: lUSD")
    assert done.code == 2
    assert "keep" in done.err
    words = ("--keep", "of: lUSD, metric: loss_usd, is: $0", "--between", "$1")
    done = cli("limit", "fund.yaml::large", "Fund/outside/strategies", *words)
    assert done.code == 2
    assert "write LOW..HIGH" in done.err


def test_reverse_shows_the_smallest_mixture(cli, fund):
    done = cli("reverse", "fund.yaml::large", "Fund", "insolvent")
    assert done.code == 0
    assert "Fund insolvent: the smallest shock is loss/Fund $4M" in done.out
    words = ("--norm", "mahalanobis", "--covariance", "{Fund: {Fund: 4}}", "--format", "csv")
    done = cli("reverse", "fund.yaml::large", "Fund", "insolvent", *words)
    assert float(next(csv.DictReader(io.StringIO(done.out)))["share"]) == 0.8
    assert cli("reverse", "fund.yaml::large", "Fund", "burnt").code == 2
    assert cli("reverse", "fund.yaml::large", "Fund", "insolvent", "--covariance", "3").code == 2


def test_sensitivities_lists_what_moves_a_break_point(cli, fund):
    done = cli("sensitivities", "fund.yaml::large", "Fund", "insolvent", "--format", "csv")
    assert done.code == 0
    rows = {row["input"]: float(row["derivative"]) for row in csv.DictReader(io.StringIO(done.out))}
    assert rows == {"Fund/outside/strategies": 2e-7, "Fund/owes/Lender": -2e-7, "shock": -0.8}
    assert cli("sensitivities", "fund.yaml::large", "Fund", "burnt").code == 2


def test_a_span_without_a_count_and_a_metric_half_said_are_helped(cli, fund):
    done = cli("sweep", "fund.yaml::large", "--vary", "shock=0..1")
    assert (done.code, "0..1:11 takes eleven" in done.err) == (2, True)
    done = cli("sweep", "fund.yaml::large", "--vary", "shock=0..1:3", "--measure", "lUSD loss")
    assert "did you mean loss_usd or loss_fraction" in done.err


def test_moves_have_a_true_minus(cli, fund):
    done = cli("sensitivities", "fund.yaml::large", "lUSD")
    assert "\u2212" in done.out
    assert "e+0" not in done.out
