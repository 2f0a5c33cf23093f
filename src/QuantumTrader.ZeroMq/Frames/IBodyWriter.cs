using System.Text.Json;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ZeroMq;

/// <summary>How the body of a JSON message is worded.</summary>
public enum Dialect
{
    /// <summary>This system's own: version, symbol, times, number, then the event's fields.</summary>
    Canonical,

    /// <summary>As the old system's publisher wrote ticks and book levels; also <c>seq</c>, which its subscribers ignore.</summary>
    Classic,

    /// <summary>As the old system's agents expect ticks: <c>volume</c> is the number of contracts, <c>timestamp</c> is ISO text.</summary>
    Hmarl,
}

/// <summary>Words events as JSON.</summary>
internal interface IBodyWriter<T> where T : struct, IEvent<T>
{
    /// <summary>Messages that stand for this event; 0 when the dialect has no word for it.</summary>
    int CountOf(in T value);

    /// <summary>Writes one of them.</summary>
    void Write(Utf8JsonWriter json, in T value, int index, in EventAddress address, long number);
}

/// <summary>This system's own wording of any event type: a version, then the fields of its format, numbered by topic.</summary>
internal sealed class CanonicalBody<T>(EventFormat<T> format, Utf8JsonWriter json) : IBodyWriter<T> where T : struct, IEvent<T>
{
    private readonly JsonFieldWriter _fields = new(json);

    public int CountOf(in T value) => 1;

    public void Write(Utf8JsonWriter json, in T value, int index, in EventAddress address, long number)
    {
        json.WriteStartObject();
        json.WriteNumber("version"u8, BusMessage.Version);
        _fields.Number = number;
        format.Write(in value, _fields);
        json.WriteEndObject();
    }
}
