namespace QuantumTrader.Market;

/// <summary>Gives every symbol of a run a small number, in the order in which the pipeline names them; 0 is nobody's.</summary>
public sealed class SymbolTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private volatile string[] _names = [""];

    /// <summary>A table of these symbols, numbered from 1.</summary>
    public SymbolTable(params IEnumerable<string> symbols)
    {
        foreach (var symbol in symbols)
        {
            Intern(symbol);
        }
    }

    /// <summary>Highest number in use.</summary>
    public int Count => _names.Length - 1;

    /// <summary>The symbol's number, given now if it is new.</summary>
    public int Intern(string symbol)
    {
        lock (_gate)
        {
            if (!_ids.TryGetValue(symbol, out var id))
            {
                id = _names.Length;
                _ids.Add(symbol, id);
                _names = [.. _names, symbol];
            }

            return id;
        }
    }

    /// <summary>The symbol's number; 0 when it has none.</summary>
    public int Find(string symbol)
    {
        lock (_gate)
        {
            return _ids.GetValueOrDefault(symbol);
        }
    }

    /// <summary>The symbol with this number.</summary>
    public string Name(int id) => (uint)id < (uint)_names.Length ? _names[id] : throw new ArgumentOutOfRangeException(nameof(id), id, "Condition failed: no symbol has this number.");
}
