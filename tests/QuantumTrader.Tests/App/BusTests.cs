using System.Text.Json;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.App;

/// <summary>The bus as users run it.</summary>
public sealed class BusTests
{
    private const string Demo = "pipelines/bus-demo.yml";
    private static readonly string[] Quick = ["--set", "blocks.feed.days=1", "--set", "blocks.feed.speed=max"];
    private static readonly string[] FreePorts = ["--set", "blocks.market.endpoint=tcp://127.0.0.1:*", "--set", "blocks.bars.endpoint=tcp://127.0.0.1:*"];

    private static (int Code, string Output, string Error) Run((string Name, string Value)[] environment, params string[] arguments)
    {
        using var process = Qt.Start(environment, arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(120_000).ShouldBeTrue("the command must end");
        return (process.ExitCode, output, error.Result);
    }

    [Fact]
    public void The_demo_publishes_and_accounts_for_every_event()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "r.json");
        var (code, output, error) = Run([], ["run", Demo, "--report", file, .. Quick, .. FreePorts]);

        code.ShouldBe(0, error);
        output.ShouldEndWith("Balanced: every event is accounted for.\n");
        var blocks = JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("blocks");
        var market = blocks.GetProperty("market");
        var counted = market.GetProperty("details").GetProperty("channels").EnumerateObject()
            .Sum(c => c.Value.GetProperty("published").GetInt64() + c.Value.GetProperty("dropped").EnumerateObject().Sum(d => d.Value.GetInt64()));
        counted.ShouldBe(market.GetProperty("in").GetInt64());
        blocks.GetProperty("bars").GetProperty("details").GetProperty("channels").GetProperty("bar:").GetProperty("published").GetInt64().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Without_the_library_a_pipeline_with_the_bus_says_what_to_install()
    {
        (string, string)[] nowhere = [(LibZmq.PathVariable, "/nowhere/libzmq.so.5")];
        var (code, _, error) = Run(nowhere, ["run", Demo, .. Quick]);

        code.ShouldBe(4);
        error.ShouldContain("blocks.market: The ZeroMQ library cannot be loaded; tried '/nowhere/libzmq.so.5' (QT_LIBZMQ). Install it (Debian and Ubuntu: apt install libzmq5)");
    }

    [Fact]
    public void With_its_phase_off_the_library_is_not_needed()
    {
        (string, string)[] off = [(LibZmq.PathVariable, "/nowhere/libzmq.so.5"), ("ZMQ_ENABLED", "false")];
        var (code, output, error) = Run(off, ["run", Demo, .. Quick]);

        code.ShouldBe(0, error);
        output.ShouldNotContain("market ");
        output.ShouldContain("candles ");
        output.ShouldEndWith("Balanced: every event is accounted for.\n");
    }

    [Fact]
    public void Two_publishers_on_one_port_are_found_by_validate()
    {
        var (code, output, _) = Run([], "validate", Demo, "--set", "blocks.bars.endpoint=tcp://127.0.0.1:5555");

        code.ShouldBe(3);
        output.ShouldContain("blocks.bars: 'bars' publishes 'bar:' on tcp://127.0.0.1:5555, where 'market' publishes 'tick' already.");
    }

    [Fact]
    public void A_port_that_another_process_has_ends_the_run_with_4()
    {
        using var context = new ZmqContext();
        using var taken = new ZmqSocket(context, SocketKind.Pub);
        taken.Bind("tcp://127.0.0.1:*");
        var (code, _, error) = Run([], ["run", Demo, .. Quick, .. FreePorts, "--set", $"blocks.bars.endpoint={taken.LastEndpoint}"]);

        code.ShouldBe(4);
        error.ShouldContain($"Cannot publish on {taken.LastEndpoint}: ");
    }
}
