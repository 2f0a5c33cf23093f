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

    private static async Task<FlowView> FlowAsync()
    {
        await using var run = await HostedRun.StartAsync(Yaml);
        await run.RunAsync();
        return JsonSerializer.Deserialize<FlowView>(await run.Client.GetStringAsync("/api/flow"), Json.Sent)!;
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
