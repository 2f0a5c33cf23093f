using QuantumTrader.App.Commands;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class SwitchTests
{
    private const string Text = """
        version: 1
        pipeline: switches
        switches: { force_fast_mode: false, time_travel_percentage: 10% }
        blocks:
          feed:   { type: source.simulator, seed: 1, days: 1 }
          travel: { type: features.time_travel, from: feed }
          keep:   { type: sink.store, from: feed, store: valkey }
          bus:    { type: sink.zeromq, from: feed }
        market: { symbols: [DEMO] }
        """;

    private static LoadResult Load(string text, string[] sets, params (string Name, string Value)[] environment) =>
        new PipelineLoader(PipelineArguments.Registry).LoadText(text, Path.Combine(App.Qt.Root, "p.yml"), sets: sets, environment: name => environment.FirstOrDefault(e => e.Name == name).Value);

    private static SwitchOptions Options(string[] sets, params (string Name, string Value)[] environment)
    {
        var loaded = Load(Text, sets, environment);
        loaded.Plan.ShouldNotBeNull(string.Join("\n", loaded.Findings));
        return loaded.Plan.Switches;
    }

    [Theory]
    [InlineData("ZMQ_ENABLED", "1", "true")]
    [InlineData("ZMQ_CONSUME", "no", "false")]
    [InlineData("VALKEY_ENABLED", "True", "true")]
    [InlineData("TIME_TRAVEL_ENABLED", "off", "false")]
    [InlineData("TIME_TRAVEL_PERCENTAGE", "0.5", "50%")]
    [InlineData("TIME_TRAVEL_PERCENTAGE", "25%", "25%")]
    [InlineData("ENHANCED_ML_ENABLED", "false", "false")]
    [InlineData("FALLBACK_ON_ERROR", "false", "false")]
    [InlineData("FORCE_FAST_MODE", "true", "true")]
    [InlineData("ALERT_ON_FALLBACK", "yes", "true")]
    [InlineData("LOG_LEVEL", "WARNING", "warning")]
    public void Every_switch_is_a_key_that_the_environment_overrides(string name, string value, string expected)
    {
        new Switches(Options([], (name, value)), []).Values.Single(v => v.Name == name).Value.ShouldBe(expected);
        new Switches(Options([$"switches.{name.ToLowerInvariant()}={expected}"]), []).Values.Single(v => v.Name == name).Value.ShouldBe(expected);
    }

    [Theory]
    [InlineData("TIME_TRAVEL", "TIME_TRAVEL_ENABLED")]
    [InlineData("ENHANCED_ML", "ENHANCED_ML_ENABLED")]
    public void The_short_names_stand_for_the_long_ones_which_go_first(string alias, string name)
    {
        new Switches(Options([], (alias, "false")), []).Values.Single(v => v.Name == name).Value.ShouldBe("false");
        new Switches(Options([], (alias, "false"), (name, "true")), []).Values.Single(v => v.Name == name).Value.ShouldBe("true");
    }

    [Fact]
    public void What_the_command_line_sets_goes_before_the_environment_and_that_before_the_file()
    {
        Options([], ("FORCE_FAST_MODE", "true")).ForceFastMode.ShouldBe(true);
        Options(["switches.force_fast_mode=false"], ("FORCE_FAST_MODE", "true")).ForceFastMode.ShouldBe(false);
        Options([]).ShouldBe(new SwitchOptions { ForceFastMode = false, TimeTravelPercentage = new Share(1000) });
    }

    [Theory]
    [InlineData("FORCE_FAST_MODE", "maybe", "true, false")]
    [InlineData("TIME_TRAVEL_PERCENTAGE", "1.5", "0.0 to 1.0, or 0% to 100%")]
    [InlineData("LOG_LEVEL", "loud", "debug, info, warning, error")]
    public void A_value_that_no_switch_has_is_a_finding(string name, string value, string legal) =>
        Load(Text, [], (name, value)).Findings.ShouldContain(f => f.Code == "QT0022" && f.Message == $"{name} was '{value}'." && f.Legal == legal);

    [Theory]
    [InlineData("VALKEY_HOST", "cache", "store.valkey.host")]
    [InlineData("VALKEY_PORT", "6380", "store.valkey.port")]
    [InlineData("VALKEY_PASSWORD", "hidden", "store.valkey.password")]
    [InlineData("VALKEY_DB", "3", "store.valkey.database")]
    [InlineData("STREAM_MAX_LENGTH", "100000", "store.valkey.max_entries")]
    [InlineData("STREAM_RETENTION_DAYS", "30", "store.valkey.retention_days.book")]
    [InlineData("TIME_TRAVEL_LOOKBACK_MINUTES", "60", "blocks.travel.lookback_minutes")]
    [InlineData("ZMQ_TICK_PORT", "7001", "bus.channels.tick")]
    [InlineData("ZMQ_FEATURES_PORT", "7002", "bus.channels.features")]
    public void The_old_settings_reach_their_place(string name, string value, string path)
    {
        var loaded = Load(Text, [], (name, value));
        loaded.Plan.ShouldNotBeNull(string.Join("\n", loaded.Findings));
        ConfigNode? node = loaded.Plan.Root;
        foreach (var key in path.Split('.'))
        {
            node = ((MappingNode)node!)[key]?.Value;
        }

        node.ShouldBeOfType<ScalarNode>().Value.ShouldBe(value);
    }

    [Fact]
    public void A_setting_whose_thing_the_pipeline_does_not_have_changes_nothing()
    {
        var bare = Text.Replace("keep:   { type: sink.store, from: feed, store: valkey }", "", StringComparison.Ordinal);

        Load(bare, [], ("VALKEY_HOST", "cache")).Plan!.Root["store"].ShouldBeNull();
    }

    [Fact]
    public void A_secret_of_the_environment_is_not_printed()
    {
        var finding = Load(Text, [], ("VALKEY_PORT", "hunter2")).Findings.Where(f => f.Severity == Severity.Error).ShouldHaveSingleItem();

        finding.ToString().ShouldNotContain("hunter2");
        finding.ToString().ShouldContain("store.valkey.port");
    }

    [Fact]
    public void A_switch_is_changed_by_its_name_and_tells_old_and_new()
    {
        var switches = new Switches(new SwitchOptions { ZmqEnabled = false, ValkeyEnabled = true }, ["zmq"]);
        var changes = new List<string>();
        switches.Changed += c => changes.Add($"{c} by {c.Actor}");

        switches.Set("force_fast_mode", "true", "api").Words.ShouldBe("FORCE_FAST_MODE: not set -> true.");
        switches.Now.ForceFastMode.ShouldBe(true);
        switches.Set("FORCE_FAST_MODE", "on", "api").Words.ShouldBe("FORCE_FAST_MODE is true already.");
        switches.Set("ENHANCED_ML", "false", "cli").IsAccepted.ShouldBeTrue();
        switches.Set("FORCE_FAST_MOD", "true", "api").Words.ShouldBe("No switch is named 'FORCE_FAST_MOD'. Did you mean FORCE_FAST_MODE?");
        switches.Set("VALKEY_ENABLED", "perhaps", "api").Words.ShouldBe("VALKEY_ENABLED cannot be 'perhaps'. Legal: true, false.");
        switches.Set("ZMQ_ENABLED", "true", "api").ShouldSatisfyAllConditions(a => a.IsAccepted.ShouldBeFalse(), a => a.Words.ShouldContain("Start it again with ZMQ_ENABLED=true."));
        changes.ShouldBe(["FORCE_FAST_MODE: not set -> true by api", "ENHANCED_ML_ENABLED: not set -> false by cli"]);
    }

    public static TheoryData<string, string> Environments
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var environment in (string[])["development", "homologation", "production"])
            {
                foreach (var pipeline in Directory.GetFiles(Path.Combine(App.Qt.Root, "pipelines"), "*.yml"))
                {
                    data.Add(environment, Path.GetFileName(pipeline));
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void Every_environment_fits_every_pipeline(string environment, string pipeline)
    {
        var file = Path.Combine(App.Qt.Root, "pipelines", pipeline);
        var with = new PipelineLoader(PipelineArguments.Registry).Load(file, [Path.Combine(App.Qt.Root, "config", environment + ".yml")], null, _ => null);
        var without = new PipelineLoader(PipelineArguments.Registry).Load(file, null, null, _ => null);

        with.Findings.Select(f => f.ToString()).ShouldBe(without.Findings.Select(f => f.ToString()));
    }

    [Fact]
    public void The_environments_are_those_that_are_documented()
    {
        string Of(string environment) => string.Join(' ', new Switches(new PipelineLoader(PipelineArguments.Registry)
            .Load(Path.Combine(App.Qt.Root, "pipelines", "demo.yml"), [Path.Combine(App.Qt.Root, "config", environment + ".yml")], null, _ => null).Plan!.Switches, []).Values.Select(v => v.Value ?? "-"));

        Of("development").ShouldBe("true true true true 100% true true - - debug");
        Of("homologation").ShouldBe("true true true true 50% false true - - info");
        Of("production").ShouldBe("true true true true 100% true true - true warning");
    }
}
