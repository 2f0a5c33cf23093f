using System.Text.Json.Serialization;

namespace QuantumTrader.Models;

/// <summary>Type of a tensor's elements.</summary>
public enum ElementType
{
    /// <summary>32 bits; the features are rounded to it.</summary>
    Float,

    /// <summary>64 bits.</summary>
    Double,

    /// <summary>Whole numbers; only for labels.</summary>
    Int64,
}

/// <summary>What an output of a model says.</summary>
public enum OutputRole
{
    /// <summary>One probability per class, each from 0 to 1.</summary>
    Probability,

    /// <summary>One raw score (logit) per class; <see cref="ModelOutput.Apply"/> says how it becomes a probability.</summary>
    Score,

    /// <summary>The number of the class that the model chose.</summary>
    Label,

    /// <summary>The return that the model expects; its size is the prediction's magnitude.</summary>
    Return,
}

/// <summary>How scores become probabilities.</summary>
public enum ScoreTransform
{
    /// <summary>They are none.</summary>
    None,

    /// <summary>1 / (1 + exp(-x)), each column alone.</summary>
    Sigmoid,

    /// <summary>exp(x) over the sum of it in the row.</summary>
    Softmax,
}

/// <summary>An input tensor of a model.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type"><c>float</c> or <c>double</c>.</param>
/// <param name="Shape">Rows (-1 for any number), then the values of a row: <c>[rows, features]</c>, or with a window <c>[rows, window, features]</c> or <c>[rows, window * features]</c>.</param>
public sealed record ModelInput(string Name, ElementType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Names of the features that it takes, in its order; null for all of the manifest's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Features { get; init; }

    /// <summary>Vectors of the symbol that a row holds, oldest first: the newest and those before it.</summary>
    public int Window { get; init; } = 1;
}

/// <summary>An output tensor of a model. Outputs that the manifest does not name are not computed.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type"><c>float</c> or <c>double</c>; <c>int64</c> for a label.</param>
/// <param name="Shape">Rows (-1 for any number), then the columns of a row, if there is more than one: <c>[rows]</c> or <c>[rows, columns]</c>.</param>
/// <param name="Role">What it says. A model has at most one of each, and a score or probabilities, not both.</param>
public sealed record ModelOutput(string Name, ElementType Type, IReadOnlyList<long> Shape, OutputRole Role)
{
    /// <summary>How scores become probabilities; needed for a score.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ScoreTransform Apply { get; init; }

    /// <summary>For a label: the number of each class, in the order of the manifest's classes; null for 0, 1, 2.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<long>? Labels { get; init; }

    /// <summary>For a return: what makes it a fraction of the price when multiplied, such as 0.0001 for basis points; null for 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Scale { get; init; }

    /// <summary>
    /// For a return: standard deviation of the model's error, as a fraction of the price. A model that says nothing but a return needs it:
    /// its probability of a rise is that of a logistic distribution with this deviation around the return.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Deviation { get; init; }

    /// <summary>Values of a row.</summary>
    [JsonIgnore]
    public int Columns => (int)Shape.Skip(1).Aggregate(1L, (a, b) => a * b);
}
