"""Other engines at the same job: how they are started, and what their figures are."""
