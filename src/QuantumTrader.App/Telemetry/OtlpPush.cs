using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Telemetry;

/// <summary>Pushes the metrics to an OpenTelemetry collector, by OTLP over HTTP.</summary>
internal static class OtlpPush
{
    /// <summary>Standard environment variable of the collector's address.</summary>
    public const string Variable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Begins to push, and pushes once more when disposed; null when no collector is named.</summary>
    /// <param name="collector">Its address, such as <c>http://127.0.0.1:4318</c>; null to take it from the environment.</param>
    /// <param name="pipeline">Name of the pipeline, which becomes the name of the service instance.</param>
    public static IDisposable? Start(string? collector, string pipeline)
    {
        var address = collector ?? Environment.GetEnvironmentVariable(Variable);
        return string.IsNullOrEmpty(address) ? null : Push(address, pipeline);
    }

    // Apart, and without a type of theirs in its signature, so that a run that pushes nothing never loads the libraries.
#pragma warning disable CA1859 // A more precise type would load them with the caller.
    private static IDisposable Push(string address, string pipeline) =>
        Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(r => r.AddService("quantumtrader", serviceInstanceId: pipeline, autoGenerateServiceInstanceId: false).AddEnvironmentVariableDetector())
            .AddMeter(EngineMetrics.MeterName, RunMetrics.MeterName)
            .AddOtlpExporter((otlp, reader) =>
            {
                otlp.Protocol = OtlpExportProtocol.HttpProtobuf;
                otlp.Endpoint = new Uri(address.TrimEnd('/') + "/v1/metrics");
                if (Environment.GetEnvironmentVariable("OTEL_METRIC_EXPORT_INTERVAL") is null)
                {
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 10_000;
                }
            })
            .Build();
#pragma warning restore CA1859
}
