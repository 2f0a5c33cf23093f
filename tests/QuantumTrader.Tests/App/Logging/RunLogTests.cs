using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using QuantumTrader.App.Logging;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace QuantumTrader.Tests.App.Logging;

public sealed partial class RunLogTests : IDisposable
{
    private readonly VirtualClock _clock = new();
    private readonly Lines _lines = new();
    private readonly Accounts _accounts = new("feed");
    private readonly RunLog _log;
    private LogLevel _least = LogLevel.Information;

    public RunLogTests() => _log = new RunLog(_lines, _clock, () => _least);

    public void Dispose() => _log.Dispose();

    private void Follow(double atSecond)
    {
        _clock.MoveTo((long)(atSecond * 1e9));
        _log.Follow(new GraphReport
        {
            Balanced = true, Completed = false, Imbalances = [], Elapsed = default, Events = 0, Blocks = [], Edges = [], Latency = [], Bottleneck = "",
            Notes = [], NoteCounts = new Dictionary<string, long>(), NoteTallies = _accounts.NoteTallies, DeadLetters = [],
        });
    }

    [Fact]
    public void A_remark_is_written_with_its_code_block_and_level()
    {
        _accounts.Note("trade_gap", "3 trades did not come.");
        _accounts.Note("model_loaded", "new.");
        _accounts.Note("of_ones_own", "a block that somebody wrote.");
        Follow(0);
        _lines.Written.ShouldBe(
        [
            (LogLevel.Information, 2501, "QT2501 feed model_loaded: new."),
            (LogLevel.Warning, 0, "- feed of_ones_own: a block that somebody wrote."),
            (LogLevel.Warning, 2024, "QT2024 feed trade_gap: 3 trades did not come."),
        ]);
    }

    [Fact]
    public void A_site_that_goes_on_is_limited_more_and_more_and_loses_no_count()
    {
        for (var second = 0; second <= 200; second++)
        {
            for (var i = 0; i < 5; i++)
            {
                _accounts.Note("trade_gap", $"{second}");
            }

            Follow(second);
        }

        _lines.Written.Count.ShouldBeInRange(6, 10);
        var told = _lines.Written.Sum(l => Times().Match(l.Message) is { Success: true } m ? int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : 1);
        Follow(300);
        told += 5 * 201 - told;
        _lines.Written.Sum(l => Times().Match(l.Message) is { Success: true } m ? int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : 1).ShouldBe(told);
    }

    [Fact]
    public void A_site_that_was_quiet_for_long_is_written_at_once_again()
    {
        foreach (var second in new[] { 0, 1, 2, 3, 400 })
        {
            _accounts.Note("trade_gap", $"{second}");
            Follow(second);
        }

        _lines.Written[^1].Message.ShouldBe("QT2024 feed trade_gap: 400");
    }

    [Fact]
    public void The_least_level_may_change_while_the_run_goes_on()
    {
        _least = LogLevel.Error;
        _accounts.Note("trade_gap", "a");
        Follow(0);
        _lines.Written.ShouldBeEmpty();
        _least = LogLevel.Warning;
        _accounts.Note("trade_gap", "b");
        Follow(100);
        _lines.Written.ShouldHaveSingleItem();
    }

    [Fact]
    public void Every_remark_in_the_code_is_described_and_no_code_or_name_is_used_twice()
    {
        RunEvents.All.Select(e => e.Code).ShouldBeUnique();
        RunEvents.All.Select(e => e.Name).ShouldBeUnique();
        RunEvents.All.ShouldAllBe(e => Code().IsMatch(e.Code) && e.Meaning.EndsWith('.') && e.Remedy.EndsWith('.'));

        var sources = Directory.EnumerateFiles(Path.Combine(Qt.Root, "src"), "*.cs", SearchOption.AllDirectories).Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
        var told = sources.SelectMany(f => Told().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value)).Distinct().Order(StringComparer.Ordinal).ToArray();
        told.Length.ShouldBeGreaterThan(30);
        told.Where(name => RunEvents.Find(name) is null).ShouldBeEmpty("describe them with [RunEvent(...)] at the class that tells them");
        RunEvents.All.Select(e => e.Name).Except(told).ShouldBeEmpty("nothing tells them any more");
    }

    [Fact]
    public void The_page_is_made_from_the_code() =>
        File.ReadAllText(Path.Combine(Qt.Root, "docs", "events.md")).ShouldBe(Qt.Run("events", "--markdown").Output, "run: ./qt events --markdown > docs/events.md");

    [Fact]
    public void A_log_of_json_is_a_document_per_line_and_goes_to_standard_error()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("p.yml",
        [
            "version: 1", "pipeline: p", "market: { symbols: [BTCUSDT] }",
            "blocks: { feed: { type: source.simulator, events: 200000, edge: { capacity: 16, when_full: drop_newest } }, rings: { type: rings, from: feed } }",
        ]);
        var (_, output, error) = Qt.Run("run", file, "--log", "json");
        var lines = error.Split('\n').Where(l => l.StartsWith('{')).Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        lines.Select(l => l.GetProperty("EventId").GetInt32()).ShouldContain(2901);
        lines.Select(l => l.GetProperty("State").GetProperty("Source").GetString()).ShouldContain("events_lost feed->rings");
        output.ShouldNotContain("EventId");
        Qt.Run("run", file).Error.ShouldNotContain("QT2901");
    }

    [Fact]
    public void An_event_is_explained_by_code_or_name()
    {
        Qt.Run("events", "qt2024").Output.ShouldStartWith("QT2024 trade_gap: Trades are missing");
        Qt.Run("events", "trade_gap").Output.ShouldBe(Qt.Run("events", "QT2024").Output);
        Qt.Run("events", "trade_gab").Error.ShouldContain("Did you mean 'trade_gap'?");
    }

    [GeneratedRegex(@"\((\d+) times since")]
    private static partial Regex Times();

    [GeneratedRegex(@"^QT2\d\d\d$")]
    private static partial Regex Code();

    // Note("name", ...), _note("name", ...), log.Tell("name", ...), wherever the line breaks.
    [GeneratedRegex(@"\b(?:_?[Nn]ote|Tell)\(\s*""([a-z_]+)""")]
    private static partial Regex Told();

    private sealed class Lines : ILogger
    {
        public List<(LogLevel Level, int Id, string Message)> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add((logLevel, eventId.Id, formatter(state, exception)));
    }
}
