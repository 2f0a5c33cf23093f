using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.App.Alerting;
using QuantumTrader.Features;

namespace QuantumTrader.Tests.App.Alerting;

public sealed class AlertBookTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private AlertBook _book = new("p", new AlertState());

    private static AlertRule Rule(double forSeconds = 0, double coolDownSeconds = 60) =>
        new("r", AlertSeverity.High, TimeSpan.FromSeconds(coolDownSeconds), "", _ => []) { Limit = 1, For = TimeSpan.FromSeconds(forSeconds) };

    // One reading about subject s at a second.
    private IReadOnlyList<RaisedAlert> At(double second, double value, AlertRule rule, string subject = "s") =>
        _book.Check(rule with { Read = _ => [new Reading(subject, value, "words")] }, new Look(Start.AddSeconds(second), "p", null!, null, []));

    [Fact]
    public void A_rule_fires_once_while_it_is_met_and_is_active_until_it_is_not()
    {
        var fired = At(0, 2, Rule()).ShouldHaveSingleItem();
        (fired.Id, fired.Rule, fired.Subject, fired.Severity, fired.Value, fired.Limit, fired.Time).ShouldBe((1, "r", "s", AlertSeverity.High, 2, 1, Start));
        At(1, 3, Rule()).ShouldBeEmpty();
        At(500, 3, Rule()).ShouldBeEmpty();
        _book.Overview().Active.ShouldBe([fired]);
        At(501, 1, Rule()).ShouldBeEmpty();
        _book.Overview().Active.ShouldBeEmpty();
        At(502, 2, Rule()).ShouldHaveSingleItem().Id.ShouldBe(2);
    }

    [Fact]
    public void A_rule_with_a_duration_fires_only_when_it_was_met_all_the_time()
    {
        At(0, 2, Rule(forSeconds: 10)).ShouldBeEmpty();
        At(9, 2, Rule(forSeconds: 10)).ShouldBeEmpty();
        At(9.5, 0, Rule(forSeconds: 10)).ShouldBeEmpty();
        At(10, 2, Rule(forSeconds: 10)).ShouldBeEmpty();
        At(20, 2, Rule(forSeconds: 10)).Count.ShouldBe(1);
    }

    [Fact]
    public void Within_its_cool_down_a_rule_is_silent_and_tells_afterwards_what_is_still_so()
    {
        At(0, 2, Rule()).Count.ShouldBe(1);
        At(1, 0, Rule()).ShouldBeEmpty();
        At(2, 2, Rule()).ShouldBeEmpty();
        _book.Overview().Suppressed.ShouldBe(1);
        At(59, 2, Rule()).ShouldBeEmpty();
        At(60, 2, Rule()).Count.ShouldBe(1);
    }

    [Fact]
    public void Subjects_are_silent_one_by_one()
    {
        At(0, 2, Rule(), "a").Count.ShouldBe(1);
        At(1, 2, Rule(), "b").Count.ShouldBe(1);
        _book.Overview().ByRule["r"].ShouldBe(2);
    }

    [Fact]
    public void A_value_that_is_none_never_fires()
    {
        At(0, double.NaN, Rule()).ShouldBeEmpty();
        At(0, double.NaN, Rule() with { IsBelow = true }).ShouldBeEmpty();
        At(0, 0, Rule() with { IsBelow = true }).Count.ShouldBe(1);
    }

    [Fact]
    public void A_restart_keeps_cool_downs_numbers_and_history()
    {
        At(0, 2, Rule()).Count.ShouldBe(1);
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "deep", "alerts.json");
        _book.ToState().Write(file);
        var (state, damage) = AlertState.Read(file);
        damage.ShouldBeNull();
        _book = new AlertBook("p", state);
        At(30, 2, Rule()).ShouldBeEmpty();
        At(61, 2, Rule()).ShouldHaveSingleItem().Id.ShouldBe(2);
        _book.Overview().History.Select(a => a.Id).ShouldBe([2, 1]);
    }

    [Fact]
    public void A_state_that_cannot_be_read_is_set_aside_and_said()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("alerts.json", ["{ \"last_id\": "]);
        var (state, damage) = AlertState.Read(file);
        state.LastId.ShouldBe(0);
        damage.ShouldNotBeNull().ShouldContain(file + ".broken");
        File.Exists(file).ShouldBeFalse();
    }

    [Fact]
    public void Neither_history_nor_subjects_grow_without_end()
    {
        for (var i = 0; i < 3 * AlertBook.MaxSubjects; i++)
        {
            At(i, 2, Rule(), $"s{i}");
        }

        var overview = _book.Overview();
        overview.History.Count.ShouldBe(AlertBook.MaxHistory);
        overview.Active.Count.ShouldBe(AlertBook.MaxSubjects);
        overview.Untracked.ShouldBe(2 * AlertBook.MaxSubjects);
        _book.ToState().Fired.Count.ShouldBeLessThanOrEqualTo(2 * AlertBook.MaxSubjects);
    }

    [Fact]
    public void Between_two_alerts_about_a_subject_lies_its_cool_down_and_an_episode_longer_than_that_is_told() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(Gen.Choose(0, 2).ListOf(300).ToArbitrary(), values =>
        {
            _book = new AlertBook("p", new AlertState());
            var rule = Rule(coolDownSeconds: 20);
            var fired = new List<int>();
            var (since, told) = (-1, false);
            for (var second = 0; second < values.Count; second++)
            {
                // Long stretches of the same, or nothing would last.
                var value = values.ElementAt(second / 7);
                var now = At(second, value, rule).Count;
                if (now > 0)
                {
                    fired.Add(second);
                }

                (since, told) = value <= 1 ? (-1, false) : (since < 0 ? second : since, told || now > 0);
                if (since >= 0 && second - since >= 20 && !told)
                {
                    return false;
                }
            }

            return fired.Zip(fired.Skip(1)).All(pair => pair.Second - pair.First >= 20);
        }));
}
