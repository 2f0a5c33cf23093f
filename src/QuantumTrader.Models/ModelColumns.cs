using QuantumTrader.Features;

namespace QuantumTrader.Models;

/// <summary>Finds the columns of a model by their names in vectors that may hold more.</summary>
internal sealed class ModelColumns(IReadOnlyList<string> names)
{
    private int[] _places = [];

    /// <summary>Looks the columns up; the vectors that follow are of this schema.</summary>
    /// <returns>The first name that is not there; null when all are.</returns>
    public string? Bind(FeatureSchema schema)
    {
        _places = [.. names.Select(schema.IndexOf)];
        return Array.IndexOf(_places, -1) is >= 0 and var missing ? names[missing] : null;
    }

    /// <summary>Whether all columns are computed from enough data.</summary>
    public bool IsWarm(in FeatureVector vector)
    {
        foreach (var place in _places)
        {
            if (!vector.IsWarm(place))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes the columns out of a vector.</summary>
    public void Pick(in FeatureVector vector, Span<double> row)
    {
        var values = vector.Values;
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = values[_places[i]];
        }
    }
}
