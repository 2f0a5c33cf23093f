using System.Reflection;
using System.Runtime.CompilerServices;

namespace QuantumTrader.Pipelines;

/// <summary>Reads the options that records describe, by reflection.</summary>
internal sealed class OptionsModelReader(Func<Assembly, DocComments> comments)
{
    private readonly Dictionary<Type, OptionsModel> _models = [];
    private readonly HashSet<Type> _open = [];
    private readonly NullabilityInfoContext _nullability = new();

    /// <summary>The options of a record. Throws <see cref="NotSupportedException"/>, in words for the programmer, when the record cannot be used.</summary>
    public OptionsModel Read(Type type)
    {
        if (_models.TryGetValue(type, out var known))
        {
            return known;
        }

        if (!_open.Add(type))
        {
            throw new NotSupportedException($"{type.Name} contains itself");
        }

        if (type.IsAbstract || type.GetConstructor(Type.EmptyTypes) is null)
        {
            throw new NotSupportedException($"{type.Name} needs a public constructor without parameters and properties with init");
        }

        var defaults = Activator.CreateInstance(type)!;
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0);
        var model = new OptionsModel(type, [.. properties.Select(p => ReadOption(p, defaults))]);
        _open.Remove(type);
        return _models[type] = model;
    }

    private Option ReadOption(PropertyInfo property, object defaults)
    {
        try
        {
            var shape = ReadShape(property.PropertyType, _nullability.Create(property));
            return new Option(
                SnakeCase.From(property.Name),
                property,
                shape,
                property.IsDefined(typeof(RequiredAttribute)) || property.IsDefined(typeof(RequiredMemberAttribute)),
                property.GetCustomAttribute<RangeAttribute>(),
                property.GetValue(defaults),
                comments(property.DeclaringType!.Assembly));
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException($"{property.DeclaringType!.Name}.{property.Name}: {e.Message}", e);
        }
    }

    private ValueShape ReadShape(Type type, NullabilityInfo info)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return ReadShape(underlying, info) with { IsNullable = true };
        }

        var nullable = !type.IsValueType && info.WriteState == NullabilityState.Nullable;
        if (type == typeof(string))
        {
            return new TextShape(nullable);
        }

        if (type == typeof(bool))
        {
            return new BooleanShape(nullable);
        }

        if (type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(decimal))
        {
            return new NumberShape(type, nullable);
        }

        if (type == typeof(TimeSpan))
        {
            return new DurationShape(nullable);
        }

        if (type == typeof(Share))
        {
            return new ShareShape(nullable);
        }

        if (type.IsEnum)
        {
            return new ChoiceShape(type, nullable);
        }

        if (type.IsArray)
        {
            return new ListShape(type, ReadShape(type.GetElementType()!, info.ElementType!), nullable);
        }

        if (type.IsGenericType && type.GetGenericArguments() is [var item] && type.IsAssignableFrom(typeof(List<>).MakeGenericType(item)))
        {
            return new ListShape(type, ReadShape(item, info.GenericTypeArguments[0]), nullable);
        }

        if (type.IsGenericType && type.GetGenericArguments() is [var key, var value] && key == typeof(string) && type.IsAssignableFrom(typeof(Dictionary<,>).MakeGenericType(key, value)))
        {
            return new MapShape(type, ReadShape(value, info.GenericTypeArguments[1]), nullable);
        }

        if (type.IsPrimitive || type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true)
        {
            throw new NotSupportedException($"options cannot be of type {type.Name}");
        }

        return new RecordShape(Read(type), nullable);
    }
}
