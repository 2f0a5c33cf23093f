using System.Net;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Hosting;

/// <summary>Options of the section <c>host</c>.</summary>
public sealed record HostOptions
{
    /// <summary>
    /// Address and port to listen on: <c>127.0.0.1:8080</c>, <c>8080</c>, <c>localhost:0</c> for any free port. An address that other
    /// machines can reach needs the environment variable QT_TOKEN, for reading too. Without it nothing listens, unless <c>--listen</c> says so.
    /// </summary>
    public string? Listen { get; init; }

    /// <summary>Names that browsers may call the host by, besides its address: those of a proxy before it.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Updates that an open dashboard gets per second.</summary>
    [Range(1, 10)]
    public int UpdatesPerSecond { get; init; } = 4;

    /// <summary>Requests that one client may make per second; four times as many in a burst.</summary>
    [Range(1, 100_000)]
    public int RequestsPerSecond { get; init; } = 100;

    /// <summary>
    /// Address of an OpenTelemetry collector that metrics are pushed to by OTLP over HTTP, such as <c>http://127.0.0.1:4318</c>; also of a
    /// run that does not listen. Without it, the environment variable OTEL_EXPORTER_OTLP_ENDPOINT names it.
    /// </summary>
    public string? Otlp { get; init; }

    /// <summary>Streams that may be open at a time.</summary>
    [Range(1, 10_000)]
    public int Streams { get; init; } = 64;

    /// <summary>Updates that may wait for one slow client before it is cut off.</summary>
    [Range(4, 10_000)]
    public int WaitingUpdates { get; init; } = 64;
}

/// <summary>Where and how a run can be watched over HTTP.</summary>
[Section("host", "The dashboard and its HTTP API, beside the run.")]
public sealed class HostSection
{
    /// <summary>Reads the address.</summary>
    /// <exception cref="ConfigurationException">It is no address.</exception>
    public HostSection(HostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        Listen = options.Listen is null ? null : ListenAddress.TryParse(options.Listen, out var address)
            ? address
            : throw new ConfigurationException("listen", $"'{options.Listen}' {ListenAddress.Legal}");
        if (options.Otlp is { } otlp && !(Uri.TryCreate(otlp, UriKind.Absolute, out var collector) && collector.Scheme is "http" or "https"))
        {
            throw new ConfigurationException("otlp", $"'{otlp}' is no address of a collector. Write it with its scheme, such as http://127.0.0.1:4318.");
        }
    }

    /// <summary>The options.</summary>
    public HostOptions Options { get; }

    /// <summary>The address; null when nothing is to listen.</summary>
    public IPEndPoint? Listen { get; }
}
