using System.Net;
using System.Text;
using QuantumTrader.App.Telemetry;
using QuantumTrader.Tests.Storage.Valkey;

namespace QuantumTrader.Tests.App.Telemetry;

/// <summary>A real run that pushes to a real receiver.</summary>
public sealed class OtlpTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Metrics_are_pushed_at_the_latest_when_the_run_ends(bool isInFile, bool isInEnvironment)
    {
        var address = $"http://127.0.0.1:{ValkeyServer.FreePort()}";
        using var receiver = new HttpListener { Prefixes = { address + "/" } };
        receiver.Start();
        using var run = Qt.Start(
            // The file goes before the environment.
            isInEnvironment ? [(OtlpPush.Variable, isInFile ? $"http://127.0.0.1:{ValkeyServer.FreePort()}" : address)] : [], ["run", "pipelines/demo.yml", "--set", "blocks.feed.events=1000", .. isInFile ? ["--set", $"host.otlp={address}/"] : Array.Empty<string>()]);
        var errors = run.StandardError.ReadToEndAsync();
        var output = run.StandardOutput.ReadToEndAsync();
        var request = await receiver.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(60));
        using var body = new MemoryStream();
        await request.Request.InputStream.CopyToAsync(body);
        request.Response.Close();

        (request.Request.HttpMethod, request.Request.Url!.AbsolutePath, request.Request.ContentType).ShouldBe(("POST", "/v1/metrics", "application/x-protobuf"));
        var text = Encoding.Latin1.GetString(body.ToArray());
        foreach (var expected in new[] { "quantumtrader", "service.instance.id", "qt_block_received_total", "qt_latency_seconds", "qt_run_state", "model.onnx" })
        {
            text.ShouldContain(expected);
        }

        run.WaitForExit(60_000).ShouldBeTrue();
        run.ExitCode.ShouldBe(0, await errors + await output);
    }

    [Fact]
    public void A_collector_that_is_not_there_does_no_harm()
    {
        var (code, output, _) = Qt.Run("run", "pipelines/demo.yml", "--set", "blocks.feed.events=1000", "--set", $"host.otlp=http://127.0.0.1:{ValkeyServer.FreePort()}");
        code.ShouldBe(0);
        output.ShouldContain("Balanced: every event is accounted for.");
    }

    [Fact]
    public void An_address_that_is_none_is_refused_before_the_run()
    {
        var (code, _, error) = Qt.Run("run", "pipelines/demo.yml", "--set", "host.otlp=127.0.0.1:4318");
        code.ShouldBe(3);
        error.ShouldContain("'127.0.0.1:4318' is no address of a collector. Write it with its scheme, such as http://127.0.0.1:4318.");
    }
}
