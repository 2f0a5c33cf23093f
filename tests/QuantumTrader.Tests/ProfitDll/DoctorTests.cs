using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.ProfitDll;

[Collection("ProfitDll")]
public sealed class DoctorTests
{
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(1);

    [Fact]
    public void Of_the_simulator_everything_is_as_assumed()
    {
        using var sim = new ProfitFixture("asset WDOV25 5600 0.5 10") { Routing = true };
        var found = Examine(sim);
        found.Where(f => f.AsAssumed == false).ShouldBeEmpty();
        Of(found, "callback trade").ShouldBe(true);
        Of(found, "callback daily").ShouldBe(true);
        Of(found, "callback asset_info").ShouldBe(true);
        Of(found, "callback old_trade").ShouldBe(true);
        Of(found, "position of 32006:SIM-1 in WDOU25").ShouldBe(true);
        found.Count(f => f.Name.StartsWith("function ", StringComparison.Ordinal)).ShouldBeGreaterThan(45);
        sim.Count(Counter.Orders).ShouldBe(0);
        sim.Count(Counter.Finalized).ShouldBe(1);
    }

    [Fact]
    public void What_differs_is_named_with_what_was_assumed()
    {
        using var sim = new ProfitFixture("asset WDOV25 5600 1 5", "manual");
        var found = Examine(sim, "state 2 9", "login", "trade WDOU25 5500.3 1", "daily WDOU25 5400 5350 5390 5440");
        Differing(found, "states").ShouldContain("2/9");
        Differing(found, "callback asset_info").ShouldBe("1 of 2 odd; the first: tick, multiplier were 1, 5");
        Differing(found, "callback trade").ShouldContain("number, price, quantity, type were 1, 5500.3, 1, 2");
        Differing(found, "callback daily").ShouldContain("open, high, low, close were 5400, 5350, 5390, 5440");
        Of(found, "accounts").ShouldBeNull("the login is for the market only");
    }

    [Fact]
    public void The_command_prints_differences_first_or_all_of_it_as_JSON()
    {
        var (code, output, error) = Qt.Run("doctor", "profitdll", "pipelines/profitdll-sim.yml", "--seconds", "1");
        code.ShouldBe(0, output + error);
        output.ShouldContain("ok       state of login: 0");
        output.ShouldContain(" as assumed, 0 different, ");
        (code, output, error) = Qt.Run("doctor", "profitdll", "pipelines/profitdll-sim.yml", "--seconds", "0.2", "--json");
        code.ShouldBe(0, output + error);
        System.Text.Json.JsonDocument.Parse(output).RootElement.EnumerateArray().ShouldContain(e => e.GetProperty("name").GetString() == "function SendOrder" || e.GetProperty("name").GetString() == "function SubscribeTicker");
        (code, _, error) = Qt.Run("doctor", "profitdll", "pipelines/demo.yml");
        (code, error).ShouldBe((3, "pipelines/demo.yml has no block source.profitdll, so it logs in nowhere. Name a pipeline that has one, such as pipelines/live-wdo.yml.\n"));
        Qt.Run("doctor", "profitdll", "pipelines/live-wdo.yml", "--set", "profitdll.library=/nowhere/x.dll").Code.ShouldBe(4);
        File.ReadAllText(Path.Combine(Qt.Root, "docs", "profitdll.md")).ShouldContain("./qt doctor profitdll pipelines/live-wdo.yml");
    }

    // What the simulator plays while it is looked at: the lines come when it has subscribed.
    private static IReadOnlyList<Examination> Examine(ProfitFixture sim, params string[] lines)
    {
        var examined = Task.Run(() => ProfitDoctor.Examine(sim.Login, sim.Market, Watch, TimeProvider.System));
        var isManual = lines.Contains("login");
        if (isManual)
        {
            SpinWait.SpinUntil(() => sim.Login.Connection is not null, ProfitFixture.Patience).ShouldBeTrue();
            sim.Run([.. lines.TakeWhile(l => l != "login"), "login"]);
        }

        SpinWait.SpinUntil(() => sim.Count(Counter.Subscribed) >= 2 || examined.IsCompleted, ProfitFixture.Patience).ShouldBeTrue();
        sim.Run([.. lines.SkipWhile(l => l != "login").Skip(1)]);
        if (!isManual)
        {
            sim.Run("trades WDOU25 20", "daily WDOU25 5400 5450 5390 5440", "tiny WDOU25 0 5499.5 3", "depths WDOU25 20");
        }

        return examined.Result;
    }

    private static bool? Of(IReadOnlyList<Examination> found, string name) => found.Single(f => f.Name == name).AsAssumed;

    private static string Differing(IReadOnlyList<Examination> found, string name)
    {
        var one = found.Single(f => f.Name == name);
        one.AsAssumed.ShouldBe(false, one.Found);
        return one.Found;
    }
}
