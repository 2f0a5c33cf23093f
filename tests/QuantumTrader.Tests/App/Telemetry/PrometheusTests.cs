using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using QuantumTrader.App.Telemetry;
using QuantumTrader.Tests.App.Hosting;
using QuantumTrader.Tests.Storage;

namespace QuantumTrader.Tests.App.Telemetry;

/// <summary>The metrics as Prometheus takes them, and what config/ makes of them.</summary>
public sealed partial class PrometheusTests
{
    private static readonly string Config = Path.Combine(Qt.Root, "config");

    [Fact]
    public async Task Metrics_are_the_account_and_carry_no_symbol()
    {
        await using var run = await HostedRun.StartAsync();
        var report = await run.RunAsync();
        using var answer = await run.Client.GetAsync("/metrics");
        var samples = await Samples(run);

        answer.Content.Headers.ContentType!.ToString().ShouldBe(PrometheusText.ContentType);
        foreach (var block in report.Blocks)
        {
            var type = block.Name == "feed" ? "source.simulator" : block.Name;
            samples[$$"""qt_block_received_total{pipeline="hosted",block="{{block.Name}}",type="{{type}}"}"""].ShouldBe(block.In);
        }

        samples["""qt_edge_capacity{pipeline="hosted",edge="feed->normalize"}"""].ShouldBe(report.Edges[0].Capacity);
        samples["""qt_run_state{pipeline="hosted",state="ended"}"""].ShouldBe(1);
        samples["""qt_run_balanced{pipeline="hosted"}"""].ShouldBe(1);
        samples["""qt_event_time_seconds{pipeline="hosted"}"""].ShouldBeInRange(1_704_153_600, 1_704_326_400);
        samples.Keys.ShouldAllBe(k => !k.Contains("DEMO"));
        samples.Keys.ShouldAllBe(k => !k.StartsWith("qt_source_lag_seconds"), "a recording's age says nothing");
    }

    [Fact]
    public async Task The_age_of_a_live_market_is_told()
    {
        await using var run = await HostedRun.StartAsync(sets: [$"blocks.feed.start={DateTime.UtcNow:yyyy-MM-dd}"]);
        await run.RunAsync();
        var samples = await Samples(run);
        var age = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - samples["""qt_event_time_seconds{pipeline="hosted"}"""];
        samples["""qt_source_lag_seconds{pipeline="hosted"}"""].ShouldBe(Math.Max(0, age), 60);
    }

    [Fact]
    public async Task Each_metric_has_the_type_that_it_is()
    {
        await using var run = await HostedRun.StartAsync();
        await run.RunAsync();
        var text = await run.Client.GetStringAsync("/metrics");
        text.ShouldContain("# TYPE qt_block_received_total counter\n");
        text.ShouldContain("# TYPE qt_edge_depth gauge\n");
        text.ShouldContain("# TYPE qt_latency_seconds summary\n");
        text.ShouldContain("# TYPE qt_block_batch_size gauge\n");
        text.ShouldContain("qt_latency_seconds{pipeline=\"hosted\",from=\"feed\",to=\"rings\",quantile=\"0.999\"} ");
    }

    [Fact]
    public void Help_and_labels_are_escaped_and_numbers_are_written_for_any_reader()
    {
        using var meter = new System.Diagnostics.Metrics.Meter("odd");
        meter.CreateObservableGauge("odd_value", () => new System.Diagnostics.Metrics.Measurement<double>(0.1, new KeyValuePair<string, object?>("of", "a\\b\"c\nd")), null, "One\nline.");
        meter.CreateObservableGauge("odd_nothing", () => double.NaN);
        meter.CreateObservableGauge("odd_top", () => double.PositiveInfinity);
        meter.CreateObservableGauge("odd_bottom", () => double.NegativeInfinity);
        using var text = new PrometheusText(meter);

        text.Scrape().ShouldBe("# HELP odd_bottom \n# TYPE odd_bottom gauge\nodd_bottom -Inf\n# HELP odd_nothing \n# TYPE odd_nothing gauge\nodd_nothing NaN\n# HELP odd_top \n# TYPE odd_top gauge\nodd_top +Inf\n# HELP odd_value One\\nline.\n# TYPE odd_value gauge\nodd_value{of=\"a\\\\b\\\"c\\nd\"} 0.1\n");
    }

    [PrometheusFact]
    public async Task The_checker_of_Prometheus_finds_nothing_to_say()
    {
        await using var run = await HostedRun.StartAsync();
        await run.RunAsync();
        Promtool(await run.Client.GetStringAsync("/metrics"), "check", "metrics").ShouldBe((0, ""));
    }

    [PrometheusFact]
    public void The_rules_are_well_formed_and_fire_when_they_should()
    {
        var rules = Path.Combine(Config, "prometheus");
        Promtool("", "check", "config", Path.Combine(rules, "prometheus.yml")).Code.ShouldBe(0);
        var (code, output) = Promtool("", "test", "rules", Path.Combine(rules, "rules_test.yml"));
        code.ShouldBe(0, output);

        // Every alert has its case.
        var cases = File.ReadAllText(Path.Combine(rules, "rules_test.yml"));
        AlertName().Matches(File.ReadAllText(Path.Combine(rules, "rules.yml"))).Select(m => m.Groups[1].Value).ShouldAllBe(a => cases.Contains($"alertname: {a},"));
    }

    [PrometheusFact]
    public async Task A_real_Prometheus_scrapes_a_run_and_evaluates_the_rules()
    {
        await using var run = await HostedRun.StartAsync();
        var report = await run.RunAsync();
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Config, "prometheus", "rules.yml"), Path.Combine(folder.Path, "rules.yml"));
        var file = folder.Write("prometheus.yml", (await File.ReadAllTextAsync(Path.Combine(Config, "prometheus", "prometheus.yml")))
            .Replace("127.0.0.1:8080", run.Host.Address.Authority, StringComparison.Ordinal).Replace(": 5s", ": 200ms", StringComparison.Ordinal));
        var port = Storage.Valkey.ValkeyServer.FreePort();
        using var prometheus = Process.Start(new ProcessStartInfo("prometheus", [$"--config.file={file}", $"--storage.tsdb.path={folder.Path}/data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]))!;
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            await UntilAsync(async () => await Query(client, """qt_block_received_total{block="book"}""") == report.Blocks[2].In);
            await UntilAsync(async () => await Query(client, "min(edge:qt_edge_fill:ratio)") == 0);
            (await Query(client, """qt_latency_seconds{quantile="0.99"}""")).ShouldNotBeNull();
            (await Query(client, """up{job="quantumtrader"}""")).ShouldBe(1);

            var rules = (await client.GetFromJsonAsync<JsonObject>("/api/v1/rules"))!["data"]!["groups"]!.AsArray().SelectMany(g => g!["rules"]!.AsArray()).ToList();
            rules.Count.ShouldBe(15);
            await UntilAsync(async () => (await client.GetFromJsonAsync<JsonObject>("/api/v1/rules"))!["data"]!["groups"]!.AsArray().SelectMany(g => g!["rules"]!.AsArray()).All(r => (string?)r!["health"] == "ok"));
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync();
        }
    }

    [Fact]
    public void Dashboard_and_rules_ask_only_for_metrics_that_exist()
    {
        var known = Directory.EnumerateFiles(Path.Combine(Qt.Root, "src"), "*.cs", SearchOption.AllDirectories).Where(f => !f.Contains("/obj/"))
            .SelectMany(f => MetricName().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value)).ToHashSet();
        var dashboard = JsonNode.Parse(File.ReadAllText(Path.Combine(Config, "grafana", "quantumtrader.json")))!;
        var asked = dashboard["panels"]!.AsArray().SelectMany(p => p!["targets"]!.AsArray()).Select(t => t!["expr"]!.GetValue<string>())
            .Concat(Regex.Matches(File.ReadAllText(Path.Combine(Config, "prometheus", "rules.yml")), "expr: (.*)").Select(m => m.Groups[1].Value))
            .SelectMany(e => AskedName().Matches(e).Select(m => m.Value)).Distinct().ToList();

        asked.Count.ShouldBeGreaterThan(15);
        asked.Where(a => !known.Contains(a)).ShouldBeEmpty();
    }

    private static async Task<Dictionary<string, double>> Samples(HostedRun run) => (await run.Client.GetStringAsync("/metrics")).Split('\n').Where(l => l.Length > 0 && l[0] != '#')
        .ToDictionary(l => l[..l.LastIndexOf(' ')], l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static async Task<double?> Query(HttpClient client, string expression)
    {
        var answer = await client.GetFromJsonAsync<JsonObject>($"/api/v1/query?query={Uri.EscapeDataString(expression)}");
        return answer!["data"]!["result"]!.AsArray().FirstOrDefault()?["value"]![1]!.GetValue<string>() is { } value ? double.Parse(value, CultureInfo.InvariantCulture) : null;
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                if (await isSo())
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It is still starting.
            }

            await Task.Delay(50, deadline.Token);
        }
    }

    private static (int Code, string Output) Promtool(string input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("promtool", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(60_000).ShouldBeTrue();
        return (process.ExitCode, output + error.Result);
    }

    [GeneratedRegex("- alert: (.*)")]
    private static partial Regex AlertName();

    [GeneratedRegex("\"((?:qt|process)_[a-z0-9_]+)\"")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"(?<![\w:])(?:qt|process)_[a-z0-9_]+")]
    private static partial Regex AskedName();
}

internal sealed class PrometheusFactAttribute() : NeedingFactAttribute(File.Exists("/usr/bin/promtool"), "Debian's prometheus is not installed");
