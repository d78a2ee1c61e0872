"""What the pipeline costs, measured side by side with what it is compared to. Nothing here is part of the product."""
