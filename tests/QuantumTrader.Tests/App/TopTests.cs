using System.Text.Json;
using System.Text.Json.Nodes;
using QuantumTrader.App;
using QuantumTrader.App.Api;
using QuantumTrader.App.Terminal;
using QuantumTrader.Tests.App.Hosting;
using Spectre.Console;

namespace QuantumTrader.Tests.App;

public sealed class TopTests
{
    private const string Yaml = """
        version: 1
        pipeline: top
        market: { calendar: crypto, symbols: [DEMO] }
        blocks:
          feed:      { type: source.simulator, seed: 3, start: 2024-01-02, events: 20000, duplicate: 0.01, rate: 20 }
          normalize: { type: normalize, from: feed, max_lateness_ms: 0, boundary: true }
          book:      { type: book, from: normalize }
          rings:     { type: rings, from: book, trades: 100, books: 10, candles: 10 }
        """;

    [Fact]
    public async Task One_look_as_JSON_is_what_the_host_counts()
    {
        await using var run = await HostedRun.StartAsync(Yaml);
        var report = await run.RunAsync();
        var (code, output, error) = Qt.Run("top", "--json", "--sort", "drops", "--host", run.Host.Address.ToString());

        code.ShouldBe(0, error);
        var top = JsonNode.Parse(output)!;
        ((string?)top["pipeline"], (string?)top["state"], (long)top["events"]!).ShouldBe(("top", "ended", report.Events));
        var first = top["blocks"]![0]!;
        ((string?)first["block"], (long)first["drops"]!).ShouldBe(("normalize", report.Blocks[1].Dropped.Values.Sum()));
        top["blocks"]!.AsArray().Count.ShouldBe(4);
    }

    [Fact]
    public async Task One_look_as_a_table_shows_the_blocks_that_are_asked_for()
    {
        await using var run = await HostedRun.StartAsync(Yaml);
        var (code, output, error) = Qt.Run("top", "--once", "--filter", "oo", "--host", run.Host.Address.ToString());

        code.ShouldBe(0, error);
        output.ShouldContain("book");
        output.ShouldNotContain("normalize ");
        output.ShouldContain("running");
    }

    [Fact]
    public async Task A_row_is_what_the_flow_says_of_its_block_and_of_the_edges_before_it()
    {
        var flow = await DocumentAsync();
        var block = flow["blocks"]!["normalize"]!;
        (block["in_per_second"], block["out_per_second"], block["busy"], block["backpressured"]) = (10, 20, 0.25, 0.5);
        (block["dropped"], block["errors"]) = (JsonNode.Parse("""{ "late": 2 }"""), JsonNode.Parse("""{ "IOException": 3 }"""));
        var edge = flow["edges"]!["feed>normalize:from"]!;
        (edge["fused"], edge["depth"], edge["capacity"], edge["dropped"]) = (false, 30, 120, JsonNode.Parse("""{ "full": 5 }"""));
        var latency = flow["latency"]!["feed>rings"]!;
        (latency["p50"], latency["p99"], latency["p999"]) = (1, 2, 3);
        var rows = TopRow.Of(Read(flow)).ToDictionary(r => r.Block);

        rows["normalize"].ShouldBe(new TopRow("normalize", "normalize", 10, 20, 0.25, 0.25, 0.5, 7, 3, null));
        (rows["rings"].P99Microseconds, rows["rings"].Fill).ShouldBe((2, null), "what is fused cannot fill");
        rows["feed"].Type.ShouldBe("source.simulator");
        TopRow.Of(Read(flow), filter: "SIMULATOR").ShouldHaveSingleItem().Block.ShouldBe("feed");
    }

    [Theory]
    [InlineData("in", "blocks", "book", "in_per_second")]
    [InlineData("out", "blocks", "book", "out_per_second")]
    [InlineData("busy", "blocks", "book", "busy")]
    [InlineData("backpressured", "blocks", "book", "backpressured")]
    [InlineData("fill", "edges", "normalize>book:from", "depth")]
    [InlineData("drops", "blocks", "book", "dropped")]
    [InlineData("errors", "blocks", "book", "errors")]
    [InlineData("p99", "latency", "feed>book", "p99")]
    public async Task The_largest_figure_comes_first(string column, string part, string key, string figure)
    {
        var flow = await DocumentAsync();
        flow["latency"]!["feed>book"] = JsonNode.Parse("""{ "from": "feed", "to": "book", "count": 1, "p50": 0, "p99": 0, "p999": 0 }""");
        foreach (var edge in flow["edges"]!.AsObject())
        {
            (edge.Value!["fused"], edge.Value["depth"], edge.Value["capacity"]) = (false, 0, 1000);
        }

        flow[part]![key]![figure] = figure is "dropped" or "errors" ? JsonNode.Parse("""{ "x": 999999999 }""") : 999_999_999;
        var sort = Enum.Parse<TopColumn>(column, ignoreCase: true);
        TopRow.Of(Read(flow), sort)[0].Block.ShouldBe("book");
        TopRow.Of(Read(flow), sort, isReversed: true)[^1].Block.ShouldBe("book");
    }

    [Fact]
    public void Without_a_run_it_says_how_to_start_one()
    {
        var (code, _, error) = Qt.Run("top", "--once", "--host", "http://127.0.0.1:1");
        code.ShouldBe(4);
        error.ShouldContain("Start one with `qt run PIPELINE --listen`, or name its address with --host.");
    }

    [Fact]
    public async Task Keys_sort_turn_round_and_filter()
    {
        var screen = new TopScreen(TopColumn.Flow, "");
        screen.Show(await FlowAsync(), "");
        Blocks(screen).ShouldBe(["feed", "normalize", "book", "rings"]);

        screen.Press(new ConsoleKeyInfo('\0', ConsoleKey.RightArrow, false, false, false));
        screen.Sort.ShouldBe(TopColumn.Block);
        Blocks(screen).ShouldBe(["book", "feed", "normalize", "rings"]);
        screen.Press(new ConsoleKeyInfo('r', ConsoleKey.R, false, false, false));
        Blocks(screen).ShouldBe(["rings", "normalize", "feed", "book"]);

        foreach (var c in "/ngs")
        {
            screen.Press(new ConsoleKeyInfo(c, c == '/' ? ConsoleKey.Oem2 : Enum.Parse<ConsoleKey>(c.ToString(), true), false, false, false));
        }

        screen.Press(new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false));
        (screen.Filter, screen.IsLeft).ShouldBe(("ngs", false));
        Blocks(screen).ShouldBe(["rings"]);
        screen.Press(new ConsoleKeyInfo('q', ConsoleKey.Q, false, false, false));
        screen.IsLeft.ShouldBeTrue();
    }

    [Fact]
    public void A_filter_is_typed_corrected_and_given_up()
    {
        var screen = new TopScreen(TopColumn.Flow, "old");
        Press(screen, '/', ConsoleKey.Oem2);
        Press(screen, 'q', ConsoleKey.Q);
        Press(screen, 'x', ConsoleKey.X);
        Press(screen, '\b', ConsoleKey.Backspace);
        (screen.Filter, screen.IsLeft).ShouldBe(("q", false));
        Text(screen).ShouldContain("filter: q_");
        Press(screen, '\u001b', ConsoleKey.Escape);
        (screen.Filter, screen.IsLeft).ShouldBe(("", false));

        Press(screen, '\0', ConsoleKey.LeftArrow);
        screen.Sort.ShouldBe(TopColumn.P99, "round from the first to the last");
        Press(screen, '\0', ConsoleKey.RightArrow);
        screen.Sort.ShouldBe(TopColumn.Flow);
        Press(screen, '\u001b', ConsoleKey.Escape);
        screen.IsLeft.ShouldBeTrue();
    }

    [Fact]
    public async Task A_host_that_goes_away_and_comes_back_is_followed()
    {
        var screen = new TopScreen(TopColumn.Flow, "");
        Text(screen).ShouldContain("Asking ...");
        screen.Show(await FlowAsync(), "");
        Text(screen).ShouldContain("ended");
        screen.Show(null, "No run answers. Asking again.");
        Text(screen).ShouldContain("No run answers. Asking again.");
        Blocks(screen).Count.ShouldBe(4, "the last look stays");
        screen.Show(await FlowAsync(), "");
        Text(screen).ShouldNotContain("Asking again.");
    }

    private static void Press(TopScreen screen, char character, ConsoleKey key) => screen.Press(new ConsoleKeyInfo(character, key, false, false, false));

    private static async Task<FlowView> FlowAsync() => Read(await DocumentAsync());

    private static FlowView Read(JsonNode flow) => flow.Deserialize<FlowView>(Json.Sent)!;

    private static async Task<JsonNode> DocumentAsync()
    {
        await using var run = await HostedRun.StartAsync(Yaml);
        await run.RunAsync();
        return JsonNode.Parse(await run.Client.GetStringAsync("/api/flow"))!;
    }

    private static List<string> Blocks(TopScreen screen) => [.. Text(screen).Split('\n').Select(l => l.Trim().Split(' ')[0]).Where(w => w is "feed" or "normalize" or "book" or "rings")];

    private static string Text(TopScreen screen)
    {
        var writer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = 140;
        console.Write(screen.Draw());
        return writer.ToString();
    }
}
