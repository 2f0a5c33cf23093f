namespace QuantumTrader.Pipelines;

/// <summary>What a value of an option must look like.</summary>
/// <param name="ClrType">Type of the bound value.</param>
/// <param name="IsNullable">True when <c>null</c> is legal.</param>
public abstract record ValueShape(Type ClrType, bool IsNullable)
{
    /// <summary>In words, for the reference and for findings.</summary>
    public abstract string Words { get; }
}

/// <summary>Any text.</summary>
public sealed record TextShape(bool IsNullable) : ValueShape(typeof(string), IsNullable)
{
    /// <inheritdoc/>
    public override string Words => "text";
}

/// <summary><c>true</c> or <c>false</c>.</summary>
public sealed record BooleanShape(bool IsNullable) : ValueShape(typeof(bool), IsNullable)
{
    /// <inheritdoc/>
    public override string Words => "true or false";
}

/// <summary>A number: int, long, double or decimal.</summary>
public sealed record NumberShape(Type ClrType, bool IsNullable) : ValueShape(ClrType, IsNullable)
{
    /// <summary>True for int and long.</summary>
    public bool IsWhole => ClrType == typeof(int) || ClrType == typeof(long);

    /// <inheritdoc/>
    public override string Words => IsWhole ? "whole number" : "number";
}

/// <summary>A length of time with its unit.</summary>
public sealed record DurationShape(bool IsNullable) : ValueShape(typeof(TimeSpan), IsNullable)
{
    /// <inheritdoc/>
    public override string Words => "duration, such as 3ms, 30s, 10m, 4h, 1d";
}

/// <summary>A part of a whole, in percent.</summary>
public sealed record ShareShape(bool IsNullable) : ValueShape(typeof(Share), IsNullable)
{
    /// <inheritdoc/>
    public override string Words => "percentage from 0% to 100%, such as 10% or 0.25%";
}

/// <summary>One of a few words.</summary>
public sealed record ChoiceShape(Type ClrType, bool IsNullable) : ValueShape(ClrType, IsNullable)
{
    /// <summary>The legal words with the values they stand for, in the order of the code.</summary>
    public IReadOnlyList<(string Word, object Value)> Choices { get; } =
        [.. ClrType.GetFields().Where(f => f.IsLiteral).Select(f => (SnakeCase.From(f.Name), f.GetValue(null)!))];

    /// <inheritdoc/>
    public override string Words => string.Join(", ", Choices.Select(c => c.Word));
}

/// <summary>A list.</summary>
public sealed record ListShape(Type ClrType, ValueShape Item, bool IsNullable) : ValueShape(ClrType, IsNullable)
{
    /// <inheritdoc/>
    public override string Words => Item is TextShape ? "text, or a list of text" : $"list of {Item.Words}";
}

/// <summary>A mapping whose keys are free.</summary>
public sealed record MapShape(Type ClrType, ValueShape Item, bool IsNullable) : ValueShape(ClrType, IsNullable)
{
    /// <inheritdoc/>
    public override string Words => $"mapping of names to {Item.Words}";
}

/// <summary>A mapping whose keys are the properties of a record.</summary>
public sealed record RecordShape(OptionsModel Model, bool IsNullable) : ValueShape(Model.Type, IsNullable)
{
    /// <inheritdoc/>
    public override string Words => "mapping";
}
