using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace QuantumTrader.App.Telemetry;

/// <summary>
/// Meters in the text format of Prometheus 0.0.4. All their instruments are observable: a scrape reads what is counted anyway, so that
/// events pay nothing for it.
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>The media type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public PrometheusText(params IReadOnlyCollection<Meter> meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value.ToString(CultureInfo.InvariantCulture), tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, Number(value), tags));
        _listener.Start();
    }

    /// <summary>All metrics as they are now.</summary>
    public string Scrape()
    {
        lock (_gate)
        {
            _families.Clear();
            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var (name, family) in _families)
            {
                text.Append("# HELP ").Append(name).Append(' ').Append(Escape(family.Help)).Append("\n# TYPE ").Append(name).Append(' ').Append(family.Type).Append('\n');
                family.Samples.ForEach(s => text.Append(s).Append('\n'));
            }

            return text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var sample = new StringBuilder(instrument.Name);
        var isQuantile = false;
        for (var i = 0; i < tags.Length; i++)
        {
            isQuantile |= tags[i].Key == "quantile";
            sample.Append(i == 0 ? '{' : ',').Append(tags[i].Key).Append("=\"").Append(Escape(Convert.ToString(tags[i].Value, CultureInfo.InvariantCulture) ?? "").Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }

        sample.Append(tags.Length > 0 ? "} " : " ").Append(value);
        if (!_families.TryGetValue(instrument.Name, out var family))
        {
            // Quantiles belong to a summary, whatever instrument they come from.
            var type = isQuantile ? "summary" : instrument.GetType().Name.StartsWith("ObservableCounter", StringComparison.Ordinal) ? "counter" : "gauge";
            _families[instrument.Name] = family = new Family(instrument.Description ?? "", type, []);
        }

        family.Samples.Add(sample.ToString());
    }

    private static string Number(double value) =>
        double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? value > 0 ? "+Inf" : "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private sealed record Family(string Help, string Type, List<string> Samples);
}
