using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using QuantumTrader.App.Commands;

namespace QuantumTrader.Tests.App;

/// <summary>Phases of a pipeline that runs in a process of its own, over HTTP and with the command.</summary>
public sealed class RolloutHostTests : IDisposable
{
    private const string Token = "a secret of the test";

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();
    private Process? _process;
    private string _host = "";

    public void Dispose()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
        _process?.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    private string Pipeline(int count) => _folder.Write(
        "p.yml",
        "version: 1",
        "pipeline: rollout",
        $"plugins: [{Path.Combine(AppContext.BaseDirectory, "RolloutBlocks.dll")}]",
        "blocks:",
        $"  feed:      {{ type: rollout.feed, count: {count}, pause_microseconds: 200 }}",
        "  baseline:  { type: rollout.answer, from: feed, by: baseline }",
        "  candidate: { type: rollout.answer, from: feed, by: candidate, phase: new }",
        "  keep:      { type: rollout.keep, from: baseline }",
        "rollout:",
        "  state: { path: state }",
        "  phases:",
        "    - { name: new, baseline: { block: baseline }, candidate: { block: candidate }, serve: { deadline: 30s }, shadow: { overload: wait, hang_after: 30s }, gates: { errors: { metric: fallback_rate, max: 1% } }, steps: [{ shadow: { min_samples: 10 }, approve: manual }, { serve: 10%, min_samples: 10000000, gates: [errors] }, { serve: 100%, approve: manual }] }",
        "    - { name: keeping, kind: effect, rollback_level: 2, candidate: { block: keep }, at: complete }");

    private async Task StartAsync(string? token, int count = 10_000_000, params string[] arguments)
    {
        _process = Qt.Start([("QT_TOKEN", token ?? "")], ["run", Pipeline(count), "--listen", "127.0.0.1:0", .. arguments]);
        while (await _process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)) is { } line)
        {
            if (line.StartsWith("Dashboard: ", StringComparison.Ordinal))
            {
                _host = line["Dashboard: ".Length..].TrimEnd('/');
                break;
            }
        }

        _host.ShouldNotBeEmpty();
        // Read on, so that it never waits for room to say something.
        _ = _process.StandardError.ReadToEndAsync();
    }

    private (int Code, string Output, string Error) Ask(string? token, params string[] arguments)
    {
        using var process = Qt.Start([("QT_TOKEN", token ?? "")], [.. arguments, "--host", _host]);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(60_000).ShouldBeTrue();
        return (process.ExitCode, output, error.Result);
    }

    private async Task<JsonNode> PhaseAsync() => (await _client.GetFromJsonAsync<JsonNode>($"{_host}/api/rollout"))!["phases"]!["new"]!;

    private async Task UntilAsync(Func<JsonNode, bool> condition)
    {
        var since = Stopwatch.StartNew();
        JsonNode phase;
        while (!condition(phase = await PhaseAsync()))
        {
            since.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30), phase.ToJsonString());
            await Task.Delay(20);
        }
    }

    private async Task<HttpStatusCode> PostAsync(string path, object body, string? token) => (await AskAsync(path, body, token)).Code;

    private async Task<(HttpStatusCode Code, JsonNode? Answer)> AskAsync(string path, object body, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _host + path) { Content = JsonContent.Create(body) };
        if (token is not null)
        {
            request.Headers.Authorization = new("Bearer", token);
        }

        using var response = await _client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
    }

    [Fact]
    public async Task Nobody_changes_a_phase_without_the_token()
    {
        await StartAsync(null);

        foreach (var path in (string[])["/api/rollout/new/start", "/api/rollout/rollback", "/api/switches/FORCE_FAST_MODE"])
        {
            (await PostAsync(path, new { level = 4, value = "true" }, null)).ShouldBe(HttpStatusCode.Forbidden, path);
            (await PostAsync(path, new { level = 4, value = "true" }, "guessed")).ShouldBe(HttpStatusCode.Forbidden, path);
        }

        Ask(Token, "rollout", "start", "new").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(ExitCodes.Failed), r => r.Error.ShouldContain("QT_TOKEN"));
        (await PhaseAsync()).ShouldSatisfyAllConditions(p => ((string?)p["state"]).ShouldBe("off"), p => p["last_entries"]!.AsObject().Count.ShouldBe(0));
        (await _client.GetFromJsonAsync<JsonNode>($"{_host}/api/rollout"))!["levels"]!.ToJsonString().ShouldBe("[{\"level\":1,\"phases\":[\"new\"]},{\"level\":2,\"phases\":[\"new\",\"keeping\"]}]");
        (await _client.GetFromJsonAsync<JsonArray>($"{_host}/api/switches"))!.ShouldAllBe(s => s!["value"] == null);
    }

    [Fact]
    public async Task A_running_phase_is_led_step_by_step_and_taken_back()
    {
        await StartAsync(Token);
        (await PostAsync("/api/rollout/new/start", new { }, "wrong")).ShouldBe(HttpStatusCode.Unauthorized);

        Ask(Token, "rollout", "start", "new", "--reason", "drill").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(0, r.Error), r => r.Output.ShouldBe("'new' is shadow.\n"));
        await UntilAsync(p => (long?)p["agreement"]!["match"] >= 10);
        (await PostAsync("/api/rollout/new/promote", new { reason = "it agrees" }, Token)).ShouldBe(HttpStatusCode.OK);
        await UntilAsync(p => (string?)p["state"] == "serving" && (long?)p["counts"]!["enhanced_calls"] > 0);
        Ask(null, "rollout", "status").Output.ShouldStartWith("new              serving 10%");
        (await PhaseAsync()).ShouldSatisfyAllConditions(
            p => ((string?)p["missing"]).ShouldNotBeNull().ShouldContain("of 10000000 operations"), p => ((string?)p["approve"]).ShouldBe("auto"), p => ((string?)p["gates"]!["errors"]!["verdict"]).ShouldBe("open"));
        var (code, held) = await AskAsync("/api/rollout/new/hold", new { reason = new string('x', 300) }, Token);
        code.ShouldBe(HttpStatusCode.OK);
        held.ShouldNotBeNull().ShouldSatisfyAllConditions(a => ((string?)a["state"]).ShouldBe("serving 10%, held"), a => ((string?)a["words"]).ShouldBe("'new' is serving 10%, held."));
        (await PhaseAsync()).ShouldSatisfyAllConditions(p => ((string?)p["state"]).ShouldBe("held"), p => ((long?)p["epoch"]).ShouldBe((long?)held["generation"]));
        ((string?)(await PhaseAsync())["last_entries"]![$"{(long?)held["generation"]}"]!["reason"]).ShouldBe(new string('x', 200));

        // Another process that wants the same state is turned away, and nothing changes.
        Qt.Run("rollout", "abort", Path.Combine(_folder.Path, "p.yml"), "new").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(ExitCodes.Outside), r => r.Error.ShouldContain("held by another process"));
        Qt.Run("rollout", "status", Path.Combine(_folder.Path, "p.yml")).Output.ShouldStartWith("new              serving 10%, held");

        Ask(Token, "rollout", "rollback", "1", "--reason", "enough").Output.ShouldBe("'new' is aborted.\n");
        var before = (await PhaseAsync())["counts"]!;
        await UntilAsync(p => (long?)p["counts"]!["ops"] > (long?)before["ops"] + 20);
        ((long?)(await PhaseAsync())["counts"]!["enhanced_calls"]).ShouldBe((long?)before["enhanced_calls"]);
        Ask(Token, "rollout", "promote", "new").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(ExitCodes.Failed), r => r.Error.ShouldContain("it is aborted; only `retry` brings it back"));
        Ask(null, "rollout", "history").Output.ShouldContain("api  new: serving 10%, held -> aborted (enough)");
        Ask(null, "rollout", "report").Output.ShouldContain("operations ");
        Ask(null, "rollout", "status").Output.ShouldContain("keeping          complete");

        Ask(Token, "rollout", "retry", "new").Output.ShouldBe("'new' is shadow.\n");
        Ask(Token, "rollout", "promote", "new", "--full", "--reason", "it is the only one").Code.ShouldBe(0);
        await UntilAsync(p => (string?)p["state"] == "complete");
        Ask(null, "rollout", "history").Output.ShouldSatisfyAllConditions(h => h.ShouldContain(" began"), h => h.ShouldContain("api  new: shadow -> complete (it is the only one)"));
    }

    [Fact]
    public async Task A_run_that_is_over_takes_no_commands()
    {
        await StartAsync(Token, 50, "--stay");
        var since = Stopwatch.StartNew();
        (HttpStatusCode Code, JsonNode? Answer) last;
        do
        {
            since.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
            last = await AskAsync("/api/rollout/new/hold", new { }, Token);
        }
        while ((string?)last.Answer?["detail"] is not { } detail || !detail.StartsWith("The run is over.", StringComparison.Ordinal));

        last.Code.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_running_pipeline_tells_what_it_cannot_do()
    {
        await StartAsync(Token);

        Ask(Token, "rollout", "abort", "old").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(ExitCodes.Failed), r => r.Error.ShouldContain("No phase is named 'old'. Phases: new, keeping."));
        Ask(Token, "rollout", "rollback", "7").Error.ShouldContain("the level of a rollback was 7; legal: 1 to 4.");
        Ask(Token, "rollout", "rollback", "all").Code.ShouldBe(ExitCodes.Usage);
        Ask(Token, "rollout", "abort", "p.yml", "new").Error.ShouldContain("Name one of the two");
        (await PostAsync("/api/rollout/old/abort", new { }, Token)).ShouldBe(HttpStatusCode.NotFound);
        Ask(Token, "rollout", "switch", "FORCE_FAST_MODE", "true", "--reason", "drill").Output.ShouldBe("FORCE_FAST_MODE: not set -> true.\n");
        Ask(null, "rollout", "history").Output.ShouldContain("api  switch (FORCE_FAST_MODE: not set -> true: drill)");
        Ask(Token, "rollout", "switch", "FORCE_FAST_MODE", "perhaps").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(ExitCodes.Failed), r => r.Error.ShouldContain("Legal: true, false."));
        Ask(null, "rollout", "switch", "FORCE_FAST_MODE").Output.ShouldStartWith("FORCE_FAST_MODE          true");
        Qt.Run("rollout", "status", "--host", "http://127.0.0.1:1").ShouldSatisfyAllConditions(r => r.Code.ShouldBe(ExitCodes.Outside), r => r.Error.ShouldContain("No run answers at"));
    }
}
