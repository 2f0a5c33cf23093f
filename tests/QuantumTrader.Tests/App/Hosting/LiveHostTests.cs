using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantumTrader.App.Api;
using QuantumTrader.App.Hosting;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App.Hosting;

public sealed class LiveHostTests
{
    [Fact]
    public async Task Every_resource_is_in_the_document_and_answers()
    {
        await using var run = await HostedRun.StartAsync();
        await run.RunAsync();
        var document = (await run.Client.GetFromJsonAsync<JsonObject>("/openapi.json"))!;
        var paths = document["paths"]!.AsObject();

        // The document itself and the pages are not in it.
        paths.Select(p => p.Key).ShouldBe(run.Host.Routes.Distinct().Where(r => r is not (OpenApiDocument.Path or "/{**path}")), ignoreOrder: true);
        foreach (var (path, operations) in paths)
        {
            foreach (var (method, operation) in operations!.AsObject())
            {
                operation!["operationId"].ShouldNotBeNull(path);
                operation["summary"]!.GetValue<string>().ShouldEndWith(".", Case.Sensitive, path);
                (operation["security"] is not null).ShouldBe(method != "get", path);
            }

            if (operations["get"]?["responses"]?["200"]?["content"] is { } content && !path.Contains('{') && operations["get"]!["parameters"]?.AsArray().Any(p => p!["required"] is not null) != true)
            {
                using var answer = await run.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
                (path == "/health/ready" ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK).ShouldBe(answer.StatusCode, path);
                content.AsObject().Select(c => c.Key).ShouldContain(answer.Content.Headers.ContentType!.MediaType!, path);
            }
        }
    }

    [Fact]
    public async Task The_pages_of_docs_name_every_resource_and_the_one_on_watching_every_metric()
    {
        await using var run = await HostedRun.StartAsync();
        await run.RunAsync();
        var pages = string.Concat(Directory.GetFiles(Path.Combine(Qt.Root, "docs"), "*.md").Select(File.ReadAllText));
        var page = await File.ReadAllTextAsync(Path.Combine(Qt.Root, "docs", "host.md"));
        var paths = (await run.Client.GetFromJsonAsync<JsonObject>("/openapi.json"))!["paths"]!.AsObject().Select(p => p.Key).ToList();
        var metrics = (await run.Client.GetStringAsync("/metrics")).Split('\n').Where(l => l.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]).ToList();

        paths.Where(p => !pages.Contains(p, StringComparison.Ordinal)).ShouldBeEmpty();
        metrics.Where(m => !page.Contains($"`{m}`", StringComparison.Ordinal)).ShouldBeEmpty();
        var options = new HostOptions();
        page.ShouldContain($"{options.RequestsPerSecond} requests");
        page.ShouldContain($"lets {options.WaitingUpdates} updates wait");
    }

    [Theory]
    [InlineData("crypto", null, "UTC", false)]
    [InlineData("b3", HostedRun.Token, "America/Sao_Paulo", true)]
    public async Task A_page_is_told_the_time_zone_of_the_exchange_and_whether_anything_can_be_changed(string calendar, string? token, string zone, bool isChangeable)
    {
        await using var run = await HostedRun.StartAsync(token: token, sets: [$"market.calendar={calendar}"]);
        var pipeline = (await run.Client.GetFromJsonAsync<JsonObject>("/api/pipeline"))!;

        pipeline["time_zone"]!.GetValue<string>().ShouldBe(zone);
        pipeline["changeable"]!.GetValue<bool>().ShouldBe(isChangeable);
    }

    [Fact]
    public async Task A_cost_that_was_not_sampled_yet_is_unknown_and_not_nothing()
    {
        await using var run = await HostedRun.StartAsync();
        var blocks = (await run.Client.GetFromJsonAsync<JsonArray>("/api/blocks"))!;

        blocks.ShouldAllBe(b => b!["nanoseconds_per_event"] == null);
    }

    [Fact]
    public async Task The_api_tells_what_the_account_tells()
    {
        await using var run = await HostedRun.StartAsync();
        var report = await run.RunAsync();

        var pipeline = (await run.Client.GetFromJsonAsync<JsonObject>("/api/pipeline"))!;
        (pipeline["name"]!.GetValue<string>(), pipeline["state"]!.GetValue<string>(), pipeline["events"]!.GetValue<long>()).ShouldBe(("hosted", "ended", report.Events));
        pipeline["blocks"]!.AsArray().Select(b => $"{b!["name"]} {b["type"]} <- {b["from"]!.ToJsonString()}").ShouldBe(
            ["""feed source.simulator <- []""", """normalize normalize <- ["feed"]""", """book book <- ["normalize"]""", """rings rings <- ["book"]"""]);
        pipeline["event_time"]!.GetValue<string>().ShouldStartWith("2024-01-02T");
        pipeline["symbols"]!.ToJsonString().ShouldBe("""["DEMO"]""");

        var blocks = (await run.Client.GetFromJsonAsync<JsonArray>("/api/blocks"))!;
        blocks.Select(b => (b!["name"]!.GetValue<string>(), b["in"]!.GetValue<long>(), b["out"]!.GetValue<long>())).ShouldBe(report.Blocks.Select(b => (b.Name, b.In, b.Out)));
        var normalize = (await run.Client.GetFromJsonAsync<JsonObject>("/api/blocks/normalize"))!;
        normalize["dropped"]!.AsObject().Sum(d => d.Value!.GetValue<long>()).ShouldBe(report.Blocks[1].Dropped.Values.Sum());
        normalize["last_errors"]!.AsArray().Count.ShouldBeGreaterThan(0, "bad prices were refused");

        var edges = (await run.Client.GetFromJsonAsync<JsonArray>("/api/edges"))!;
        edges.Select(e => (e!["from"]!.GetValue<string>(), e["out"]!.GetValue<long>(), e["fused"]!.GetValue<bool>())).ShouldBe(report.Edges.Select(e => (e.From, e.Out, e.Fused)));
        var latency = (await run.Client.GetFromJsonAsync<JsonArray>("/api/latency"))!;
        latency.ShouldHaveSingleItem()!["count"]!.GetValue<long>().ShouldBe(report.Latency[0].Count);
    }

    [Fact]
    public async Task What_is_not_there_is_refused_with_what_is()
    {
        await using var run = await HostedRun.StartAsync();
        foreach (var (path, hint) in new[] { ("/api/blocks/normalise", "feed, normalize, book, rings"), ("/api/nothing", "/openapi.json"), ("/nothing.js", "/openapi.json") })
        {
            using var answer = await run.Client.GetAsync(path);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
            (await answer.Content.ReadFromJsonAsync<JsonObject>())!["detail"]!.GetValue<string>().ShouldContain(hint, Case.Sensitive, path);
        }
    }

    [Fact]
    public async Task Health_says_where_the_run_is()
    {
        await using var run = await HostedRun.StartAsync();
        (await run.Client.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.OK);
        run.Live.Drain();
        (await run.Client.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await run.Client.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_configuration_in_force_shows_no_secret()
    {
        await using var run = await HostedRun.StartAsync(
            $"{HostedRun.Yaml}\nstore: {{ valkey: {{ host: '${{VALKEY_HOST}}', port: 6380, password: written-down }} }}\nhost: {{ otlp: 'http://user:written-too@127.0.0.1:4318' }}\n",
            environment: name => name == "VALKEY_HOST" ? "from-the-environment" : null);
        var text = await run.Client.GetStringAsync("/api/config");
        var pipeline = JsonNode.Parse(text)!["pipeline"]!;

        text.ShouldNotContain("written-");
        text.ShouldNotContain("from-the-environment");
        pipeline["store"]!.ToJsonString().ShouldBe("""{"valkey":{"host":"${VALKEY_HOST}","port":6380,"password":"***"}}""");
        pipeline["host"]!["otlp"]!.GetValue<string>().ShouldBe("http://user:***@127.0.0.1:4318");
        pipeline["blocks"]!["feed"]!["events"]!.GetValue<int>().ShouldBe(20_000);
    }

    [Fact]
    public async Task A_taken_port_is_said_with_what_to_do()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var refused = await Should.ThrowAsync<ConfigurationException>(() => HostedRun.StartAsync(listen: taken.LocalEndpoint.ToString()!));

        refused.Outside.ShouldBeTrue();
        refused.Message.ShouldStartWith($"Cannot listen on {taken.LocalEndpoint}: ");
        refused.Message.ShouldEndWith("Name another address with --listen; port 0 takes any free one.");
    }

    [Fact]
    public async Task The_page_and_its_files_come_out_of_the_program_and_load_nothing_from_elsewhere()
    {
        await using var run = await HostedRun.StartAsync();
        using var page = await run.Client.GetAsync("/");
        page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        page.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem().ShouldStartWith("default-src 'none'; script-src 'self';");
        page.Headers.GetValues("X-Frame-Options").ShouldBe(["DENY"]);

        using var again = await run.SendAsync(HttpMethod.Get, "/", null, ("If-None-Match", page.Headers.ETag!.ToString()));
        again.StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public void A_run_serves_while_it_lasts_and_stays_when_asked()
    {
        using var run = new Running("pipelines/demo.yml", "--listen", "127.0.0.1:0", "--stay", "--set", "blocks.feed.rate=0.01");
        using var client = new HttpClient { BaseAddress = run.Dashboard };
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string state;
        while ((state = client.GetFromJsonAsync<JsonObject>("/api/pipeline", deadline.Token).Result!["state"]!.GetValue<string>()) == "running")
        {
            deadline.Token.WaitHandle.WaitOne(50);
        }

        state.ShouldBe("ended");
        run.Signal("TERM");
        run.End().Code.ShouldBe(0);
    }
}
