using System.Text.Json;
using QuantumTrader.App.Alerting.Rules;
using QuantumTrader.App.Commands;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App.Alerting;

public sealed class AlertCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpReceiver _http = new();
    private readonly MailReceiver _mail = new();

    public void Dispose()
    {
        _folder.Dispose();
        _http.Dispose();
        _mail.Dispose();
    }

    // A source that nothing keeps up with, before an edge that drops.
    private string Pipeline(string alerts) => _folder.Write("p.yml",
    [
        "version: 1",
        "pipeline: lossy",
        "market: { symbols: [BTCUSDT] }",
        "blocks:",
        "  feed: { type: source.simulator, events: 300000, edge: { capacity: 16, when_full: drop_newest } }",
        "  rings: { type: rings, from: feed }",
        alerts,
    ]);

    [Fact]
    public void A_run_that_loses_events_tells_its_channel_once_and_the_next_run_delivers_what_was_left()
    {
        // Nobody is there in the first run.
        _http.Answers.Enqueue("503 a");
        var alerts = $"alerts: {{ state: alerts.json, every: 10ms, rules: {{ events_lost: {{ cool_down: 1h }} }}, channels: {{ backoff: 1m, webhook: {{ url: \"{_http.Url}\" }} }} }}";
        var file = Pipeline(alerts);
        var first = Qt.Run("run", file);
        first.Error.ShouldContain("QT2901 events_lost feed->rings alert: ");
        (_http.Taken.Count, _http.Posts).ShouldBe((0, 1));

        Qt.Run("run", file).Error.ShouldNotContain("events_lost");
        _http.Taken.Count.ShouldBe(1);
        _http.Taken.Single().Body.ShouldContain("events were dropped because the edge was full");
    }

    [Fact]
    public void A_test_names_the_channels_that_work_and_those_that_do_not()
    {
        var file = Pipeline($"alerts: {{ channels: {{ webhook: {{ url: \"{_http.Url}\" }}, email: {{ host: 127.0.0.1, port: {_mail.Port}, tls: false, from: a@example.org, to: [b@example.org] }} }} }}");
        Qt.Run("alerts", "test", file).ShouldBe((ExitCodes.Good, "webhook    delivered\nemail      delivered\n", ""));
        _http.Answers.Enqueue("403 Forbidden");
        var (code, output, _) = Qt.Run("alerts", "test", file, "--json");
        code.ShouldBe(ExitCodes.Outside);
        JsonDocument.Parse(output).RootElement[0].GetProperty("failure").GetString().ShouldBe("the other side answered 403 Forbidden");
    }

    [Theory]
    [InlineData("alerts: { rules: { latancy: { limit: 1 } } }", "no rule is named 'latancy'")]
    [InlineData("alerts: { gauges: [{ name: a, gauge: qt_x }] }", "needs one of 'above' and 'below'")]
    [InlineData("alerts: { gauges: [{ name: latency, gauge: qt_x, above: 1 }] }", "is a rule that is built in")]
    [InlineData("alerts: { channels: { telegram: { chat: '1', token_from: QT_NOBODY_SETS_THIS } } }", "QT_NOBODY_SETS_THIS is not set")]
    public void A_mistake_is_named(string alerts, string message)
    {
        var (code, _, error) = Qt.Run("alerts", "test", Pipeline(alerts));
        code.ShouldBe(ExitCodes.Configuration);
        error.ShouldContain(message);
    }

    [Fact]
    public void The_page_shows_the_rules_as_they_are_and_its_yaml_loads()
    {
        var page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "alerts.md"));
        page.ShouldEndWith(Qt.Run("alerts", "rules", "--markdown").Output, customMessage: "run: ./qt alerts rules --markdown, and put it at the end of docs/alerts.md");
        var yaml = page.Split("```yaml\n")[1].Split("```")[0];
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(Pipeline(yaml.ReplaceLineEndings("\n")), null, null);
        loaded.Findings.ShouldBeEmpty();
        using var factory = new BlockFactory(loaded.Plan!, TimeProvider.System);
        var rules = factory.Section<QuantumTrader.App.Alerting.AlertsSection>()!.Rules;
        rules.Select(r => r.Name).ShouldBe([.. AlertRules.All.Select(r => r.Name).Where(n => n != "edge_full"), "store_queue"]);
        rules.Single(r => r.Name == "latency").Limit.ShouldBe(0.05);
    }
}
