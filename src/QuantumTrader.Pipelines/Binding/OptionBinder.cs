using System.Collections;

namespace QuantumTrader.Pipelines;

/// <summary>Makes options records from nodes. Every mistake becomes a finding; what cannot be bound keeps its default.</summary>
internal sealed class OptionBinder(FindingList findings)
{
    /// <summary>Binds a mapping that holds nothing but these options.</summary>
    public object Bind(OptionsModel model, MappingNode node, string path, Position owner)
    {
        var reader = new MappingReader(node, path, findings);
        var options = Bind(model, reader, owner);
        reader.RejectOthers();
        return options;
    }

    /// <summary>Binds the options of a mapping that may hold other keys too.</summary>
    /// <param name="model">The options.</param>
    /// <param name="reader">The mapping.</param>
    /// <param name="owner">Where a missing option is reported: the key that the mapping belongs to.</param>
    public object Bind(OptionsModel model, MappingReader reader, Position owner)
    {
        var options = Activator.CreateInstance(model.Type)!;
        foreach (var option in model.Options)
        {
            if (reader.Take(option.Key) is not { } entry)
            {
                if (option.IsRequired)
                {
                    findings.Add(FindingCodes.MissingKey, owner, reader.PathOf(option.Key), $"the required key '{option.Key}' is missing.", option.Shape.Words);
                }
            }
            else if (TryBind(option.Shape, option.Range, entry.Value, reader.PathOf(option.Key), out var value))
            {
                option.Property.SetValue(options, value);
            }
        }

        return options;
    }

    private bool TryBind(ValueShape shape, RangeAttribute? range, ConfigNode node, string path, out object? value)
    {
        value = null;
        if (node is ScalarNode { IsNull: true })
        {
            if (!shape.IsNullable)
            {
                findings.Add(FindingCodes.NoValue, node.Position, path, "there is no value.", shape.Words);
            }

            return shape.IsNullable;
        }

        return (shape, node) switch
        {
            (ListShape list, SequenceNode items) => TryBindList(list, range, items.Items, path, out value),
            // As with `from`: one name needs no brackets.
            (ListShape { Item: TextShape } list, ScalarNode single) => TryBindList(list, range, [single], path, out value),
            (MapShape map, MappingNode entries) => TryBindMap(map, range, entries, path, out value),
            (RecordShape record, MappingNode entries) => (value = Bind(record.Model, entries, path, entries.Position)) is not null,
            (ListShape or MapShape or RecordShape, _) or (_, not ScalarNode) => RejectKind(shape, node, path),
            (_, ScalarNode scalar) => ScalarBinder.TryBind(shape, range, scalar, path, findings, out value),
        };
    }

    private bool TryBindList(ListShape shape, RangeAttribute? range, IReadOnlyList<ConfigNode> nodes, string path, out object? value)
    {
        var good = true;
        var items = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(shape.Item.ClrType.AsItem(shape.Item.IsNullable)))!;
        for (var i = 0; i < nodes.Count; i++)
        {
            if (TryBind(shape.Item, range, nodes[i], ConfigPath.Item(path, i), out var item))
            {
                items.Add(item);
            }
            else
            {
                good = false;
            }
        }

        value = items;
        if (shape.ClrType.IsArray)
        {
            var array = Array.CreateInstance(shape.ClrType.GetElementType()!, items.Count);
            items.CopyTo(array, 0);
            value = array;
        }

        return good;
    }

    private bool TryBindMap(MapShape shape, RangeAttribute? range, MappingNode node, string path, out object? value)
    {
        var good = true;
        var map = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), shape.Item.ClrType.AsItem(shape.Item.IsNullable)))!;
        foreach (var entry in node.Entries)
        {
            if (TryBind(shape.Item, range, entry.Value, ConfigPath.Key(path, entry.Key), out var item))
            {
                map[entry.Key] = item;
            }
            else
            {
                good = false;
            }
        }

        value = map;
        return good;
    }

    private bool RejectKind(ValueShape shape, ConfigNode node, string path)
    {
        findings.Add(FindingCodes.WrongKind, node.Position, path, $"{node.Kind} stands where something else is needed.", shape.Words);
        return false;
    }
}

internal static class ItemTypes
{
    /// <summary>The type as an element: <c>int?</c> for a nullable int.</summary>
    public static Type AsItem(this Type type, bool isNullable) => isNullable && type.IsValueType ? typeof(Nullable<>).MakeGenericType(type) : type;
}
