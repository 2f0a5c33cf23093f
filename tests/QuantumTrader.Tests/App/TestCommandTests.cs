using System.Text.Json;
using System.Text.RegularExpressions;
using QuantumTrader.App.Commands;

namespace QuantumTrader.Tests.App;

public sealed class TestCommandTests
{
    private const string Demo = "pipelines/demo.yml";
    private static readonly string Page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "pipeline-tests.md"));

    public static TheoryData<string> ShippedWithTests =>
        [.. Directory.GetFiles(Path.Combine(Qt.Root, "pipelines"), "*.yml", SearchOption.AllDirectories)
            .Where(f => File.ReadLines(f).Any(l => l.StartsWith("tests:", StringComparison.Ordinal)))
            .Select(f => Path.GetRelativePath(Qt.Root, f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(ShippedWithTests))]
    public void The_tests_of_a_shipped_pipeline_pass(string pipeline)
    {
        var (code, output, error) = Qt.Run("test", pipeline);

        code.ShouldBe(0, output + error);
        output.ShouldContain(" passed, 0 failed.");
    }

    [Fact]
    public void A_test_that_fails_says_in_words_what_differs_and_where()
    {
        using var folder = new TemporaryFolder();
        var (code, output, _) = Qt.Run("test", WriteChanged(folder, ("price: 5000.5, fee: 5 }]", "price: 5000.5, fee: 6 }, { side: sell }]"), ("signal: [], ", "")), "--filter", "PREDICTION");

        code.ShouldBe(1);
        Regex.Replace(output, "(?m)^  .*/demo.yml", "  demo.yml").ShouldBe("""
            FAILED a confident prediction of a rise is bought at the ask, one tick worse
              demo.yml:25:57: tests[0].expect.orders[0].fee: expected fee 6, was 5.
              demo.yml:25:62: tests[0].expect.orders[1]: expected { side: sell }, but 'orders' sent only 1 event.
            ok     a prediction that is little better than chance is not acted on
            1 passed, 1 failed.

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void The_results_can_be_read_by_programs()
    {
        using var folder = new TemporaryFolder();
        var (code, output, _) = Qt.Run("test", WriteChanged(folder, ("fee: 5 }]", "fee: 6 }]")), "--json");

        code.ShouldBe(1);
        var report = JsonDocument.Parse(output).RootElement;
        (report.GetProperty("passed").GetInt32(), report.GetProperty("failed").GetInt32()).ShouldBe((2, 1));
        report.GetProperty("tests")[0].GetProperty("differences")[0].GetProperty("message").GetString().ShouldBe("expected fee 6, was 5.");
    }

    [Fact]
    public void A_test_that_is_written_wrongly_is_a_finding_of_test_and_of_validate()
    {
        using var folder = new TemporaryFolder();
        var file = WriteChanged(folder, ("ask_qty: 5 }", "ask_quantity: 5 }"), ("[{ trade_no: 1, money", "[{ trade: 1, money"), ("{ ts: 2024-01-02T10:01:00Z, trade_no", "{ seq: 1, ts: 2024-01-02T10:01:00Z, trade_no"));
        foreach (var command in new[] { "test", "validate" })
        {
            var (code, output, _) = Qt.Run(command, file);

            code.ShouldBe(3);
            output.ShouldContain("QT0503 tests[0].insert.orders.market[0].ask_quantity: the event has no field 'ask_quantity'. Legal: kind, ");
            output.ShouldContain("QT0503 tests[2].insert.feed[2].seq: found 1 behind 2. Along one stream it never decreases.");
            output.ShouldContain("QT0503 tests[2].expect.normalize[0].trade: the event has no field 'trade'.");
        }
    }

    [Fact]
    public void A_filter_that_fits_no_test_is_bad_usage_and_names_the_tests()
    {
        var (code, _, error) = Qt.Run("test", Demo, "--filter", "twize");

        code.ShouldBe(2);
        error.ShouldStartWith("No test of pipelines/demo.yml has 'twize' in its name. There are: a confident prediction");
    }

    [Fact]
    public void A_pipeline_without_tests_has_nothing_that_fails()
    {
        using var folder = new TemporaryFolder();
        var text = File.ReadAllText(Path.Combine(Qt.Root, Demo));
        var (code, output, error) = Qt.Run("test", WriteDemo(folder, text[..text.IndexOf("tests:", StringComparison.Ordinal)]));

        code.ShouldBe(0, error);
        output.ShouldBe("0 passed, 0 failed.\n");
        error.ShouldContain("has no tests. docs/pipeline-tests.md shows how to write some.");
    }

    [Fact]
    public void A_block_that_refuses_its_options_is_only_made_where_a_test_needs_it()
    {
        Qt.Run("test", Demo, "--set", "blocks.model.model=nowhere.onnx", "--filter", "confident prediction").Code.ShouldBe(0, "the test feeds what is behind the model");
        var (code, _, error) = Qt.Run("test", Demo, "--set", "blocks.model.model=nowhere.onnx", "--filter", "twice");
        code.ShouldBe(4);
        error.ShouldStartWith("--set:1:20: QT0601 blocks.model.model");
    }

    [Fact]
    public void A_test_of_a_pipeline_stores_nothing()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "stores.yml");
        File.WriteAllText(file, """
            version: 1
            pipeline: stores
            market: { calendar: crypto, symbols: [DEMO] }
            store: { kind: journal, journal: { path: journal } }
            blocks:
              feed: { type: source.simulator }
              keep: { type: sink.store, from: feed }
            tests:
              - name: what a store is sent can be expected
                insert: { feed: [{ ts: 2024-01-02T10:00:00Z, price: 1, qty: 1 }] }
                expect: { keep: [{ price: 1 }] }
            """);

        var (code, output, error) = Qt.Run("test", file);

        code.ShouldBe(0, output + error);
        Directory.GetFileSystemEntries(folder.Path).ShouldBe([file]);
    }

    [Fact]
    public void The_page_about_tests_shows_a_pipeline_whose_tests_pass()
    {
        using var folder = new TemporaryFolder();
        var yaml = Page[(Page.IndexOf("```yaml\n", StringComparison.Ordinal) + 8)..Page.LastIndexOf("```", StringComparison.Ordinal)];
        var file = Path.Combine(folder.Path, "page.yml");
        File.WriteAllText(file, yaml);

        var (code, output, error) = Qt.Run("test", file);
        code.ShouldBe(0, output + error);
        output.ShouldEndWith("2 passed, 0 failed.\n");
    }

    [Fact]
    public void The_page_about_tests_names_every_field()
    {
        var market = QuantumTrader.Market.MarketContext.Of(new QuantumTrader.Market.TradingCalendar());
        foreach (var type in PipelineArguments.Registry.Formats.Values.Where(f => f.Class.GetConstructors().Single().GetParameters() is [{ ParameterType: var p }] && p == market.GetType()))
        {
            var format = (QuantumTrader.Pipelines.IEventFormat)Activator.CreateInstance(type.Class, market)!;
            var row = Page.Split('\n').Single(l => l.StartsWith($"| {type.Name} |", StringComparison.Ordinal));
            foreach (var field in format.Fields.Except(QuantumTrader.Market.Envelope.Fields))
            {
                row.ShouldContain($"`{field}`");
            }
        }
    }

    private static string WriteChanged(TemporaryFolder folder, params (string From, string To)[] changes)
    {
        var text = File.ReadAllText(Path.Combine(Qt.Root, Demo));
        foreach (var (from, to) in changes)
        {
            text.ShouldContain(from);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return WriteDemo(folder, text);
    }

    private static string WriteDemo(TemporaryFolder folder, string text)
    {
        var file = Path.Combine(folder.Path, "demo.yml");
        File.WriteAllText(file, text.Replace("models/demo.onnx", Path.Combine(Qt.Root, "pipelines", "models", "demo.onnx"), StringComparison.Ordinal));
        return file;
    }
}
