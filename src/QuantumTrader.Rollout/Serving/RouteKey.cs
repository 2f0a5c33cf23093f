using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>Reads the key of an operation and asks the route.</summary>
internal sealed class RouteKey<T>(RouteOptions options, EventFormat<T> format) where T : struct, IEvent<T>
{
    private readonly FieldValues _fields = new();
    private readonly HashSet<string> _include = [.. options.Include];
    private readonly HashSet<string> _exclude = [.. options.Exclude];

    /// <summary>Whether an operation belongs to the share that is served.</summary>
    public bool IsChosen(Route route, Share share, in T value, in EventAddress address)
    {
        if (options.Unit == RouteUnit.Operation && _include.Count + _exclude.Count == 0)
        {
            return IsSampled(route, share, in value, in address);
        }

        // Exclusion goes before inclusion, and both before the hash; a key that is missing is never chosen.
        var key = options.Unit == RouteUnit.Operation ? address.Symbol : Key(in value, in address);
        return key.Length > 0 && !_exclude.Contains(key) && share > Share.None && (_include.Contains(key) || IsSampled(route, share, in value, in address));
    }

    /// <summary>The same without exceptions.</summary>
    public bool IsSampled(Route route, Share share, in T value, in EventAddress address)
    {
        if (share == Share.All || share == Share.None)
        {
            return share == Share.All;
        }

        return Route.IsIn(options.Unit == RouteUnit.Operation ? route.Hash(value.Sequence) : route.Hash(Key(in value, in address)), share.BasisPoints);
    }

    private string Key(in T value, in EventAddress address)
    {
        if (options.Unit == RouteUnit.Symbol)
        {
            return address.Symbol;
        }

        _fields.Read(format, in value);
        return _fields.Texts.GetValueOrDefault(options.Unit == RouteUnit.Strategy ? "model" : "account", "");
    }
}
